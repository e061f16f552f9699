import { type AddressRules, type Destination, findDestination } from './address.ts'

/** Fetches like `fetch`, but only what lies in the public internet or what the operator trusts, on every hop. */
export type GuardedFetch = (url: string, init?: GuardedInit) => Promise<GuardedResponse>

export interface GuardedInit {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: RequestInit['body']
  readonly signal?: AbortSignal | null
  /** How many redirects are followed: 5, and none where a body is sent. With 0 the redirect itself is the answer. */
  readonly maxRedirects?: number
  /** Throws where a hop must not be made. */
  readonly check?: (url: URL) => void
}

export interface GuardedResponse {
  readonly response: Response
  /** Where it came from in the end. */
  readonly url: string
}

type Fetch = (url: string, init: BunFetchRequestInit) => Promise<Response>

const MAX_REDIRECTS = 5
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

export interface GuardOptions extends AddressRules {
  readonly fetch: Fetch
}

/** Makes the fetch. It rejects with `AddressRefused` for where it may not go, and as `fetch` does for what fails. */
export const createGuardedFetch =
  (options: GuardOptions): GuardedFetch =>
  async (text, init = {}) => {
    const { maxRedirects = init.body ? 0 : MAX_REDIRECTS, check, ...rest } = init
    let target = text
    for (let hops = 0; ; hops++) {
      const destination = await findDestination(target, options)
      check?.(destination.url)
      init.signal?.throwIfAborted()
      const response = await options.fetch(...pinned(destination, rest))
      const location = REDIRECTS.has(response.status) ? response.headers.get('location') : null
      const url = destination.url.href
      if (location === null || maxRedirects === 0) return { response, url }
      await response.body?.cancel()
      if (hops >= maxRedirects) throw new Error(`${url} redirects once too often`)
      target = new URL(location, url).href
    }
  }

/** The address is connected to, and the name is still what the certificate is checked against and the host is told. */
function pinned(
  { url, address }: Destination,
  { headers, ...init }: Omit<GuardedInit, 'maxRedirects' | 'check'>,
): [string, BunFetchRequestInit] {
  const common = { ...init, redirect: 'manual' as const } as BunFetchRequestInit
  if (address === undefined) return [url.href, { ...common, headers: { ...headers } }]
  const direct = new URL(url)
  direct.hostname = address.includes(':') ? `[${address}]` : address
  return [
    direct.href,
    {
      ...common,
      headers: { ...headers, host: url.host },
      ...(url.protocol === 'https:' ? { tls: { serverName: url.hostname } } : {}),
    },
  ]
}
