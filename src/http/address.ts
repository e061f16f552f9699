/** Where a request goes: its path, still encoded, and its query without the question mark. */
export interface Address {
  readonly path: string
  readonly query: string
}

/**
 * Takes a request's address apart. `URL` would throw for one without a usable `host` header, which HTTP/1.0 clients
 * leave out and anyone may fill with nonsense.
 */
export function addressOf({ url }: Pick<Request, 'url'>): Address {
  const start = url.startsWith('/') ? 0 : url.indexOf('/', url.indexOf('//') + 2)
  if (start < 0) return { path: '/', query: '' }
  const mark = url.indexOf('?', start)
  return mark < 0
    ? { path: url.slice(start), query: '' }
    : { path: url.slice(start, mark), query: url.slice(mark + 1) }
}
