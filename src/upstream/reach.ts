/** Tells whether a TCP connection to a server comes about in time. */
export type Reach = (baseUrl: string, timeoutMs: number) => Promise<boolean>

const PORTS: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 }

/**
 * Tries a connection of its own. `fetch` does not say whether it waits for a connection or for an answer, and an
 * address where nobody is would use up the whole time for the first byte.
 */
export const reach: Reach = async (baseUrl, timeoutMs) => {
  const { hostname, port, protocol } = new URL(baseUrl)
  const { promise: late, resolve } = Promise.withResolvers<false>()
  const timer = setTimeout(() => resolve(false), timeoutMs)
  const connecting = Bun.connect({
    hostname: hostname.replace(/^\[|\]$/g, ''),
    port: Number(port) || (PORTS[protocol] ?? 80),
    socket: { data() {}, open: (socket) => void socket.end() },
  }).then(
    () => true,
    () => false,
  )
  try {
    return await Promise.race([connecting, late])
  } finally {
    clearTimeout(timer)
  }
}
