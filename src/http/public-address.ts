/** A host name or address, with or without a port. */
const HOST = /^(?:[\w.-]+|\[[\da-f:.]+\])(?::\d{1,5})?$/i

/**
 * The address at which the client reached this server, such as `https://example.com`; empty where it did not say. A
 * proxy's word is taken for it: whoever lies there is only given a wrong address himself.
 */
export function publicAddressOf({ headers }: Pick<Request, 'headers'>): string {
  const host = firstOf(headers.get('x-forwarded-host')) ?? headers.get('host')
  if (host === null || !HOST.test(host)) return ''
  const scheme = firstOf(headers.get('x-forwarded-proto'))?.toLowerCase()
  return `${scheme === 'https' ? 'https' : 'http'}://${host}`
}

/** Each proxy on the way adds its own; the first is what the client itself used. */
const firstOf = (list: string | null): string | undefined => list?.split(',')[0]?.trim() || undefined
