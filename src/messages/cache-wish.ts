/** What one request asks of the response cache. */
export interface CacheWish {
  /** The oldest answer that will do; 0 asks anew. */
  readonly maxAgeMs: number
  /** Whether the answer may be remembered. */
  readonly store: boolean
}

/** Neither read nor written. */
export const NO_CACHE: CacheWish = { maxAgeMs: 0, store: false }

const ANY: CacheWish = { maxAgeMs: Infinity, store: true }

/** Reads a request's `cache-control` header (RFC 9111, 5.2.1) as far as it concerns stored answers. */
export function readCacheControl(header: string | undefined): CacheWish {
  if (header === undefined) return ANY
  const directives = new Map(
    header
      .toLowerCase()
      .split(',')
      .map((directive) => directive.trim().split('='))
      .map(([name = '', value = '']) => [name.trim(), value.trim().replaceAll('"', '')]),
  )
  const maxAge = Number(directives.get('max-age') ?? Infinity)
  return {
    maxAgeMs: directives.has('no-cache') || directives.has('no-store') || !(maxAge >= 0) ? 0 : maxAge * 1000,
    store: !directives.has('no-store'),
  }
}
