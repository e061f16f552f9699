/** What is looked for, and where. */
export interface SearchQuery {
  readonly query: string
  readonly maxResults: number
  readonly allowedDomains: readonly string[]
  readonly blockedDomains: readonly string[]
  readonly location: SearchLocation | undefined
  readonly signal: AbortSignal
}

/** Roughly where the user is (Anthropic API, `user_location`). */
export interface SearchLocation {
  readonly city?: string | undefined
  readonly region?: string | undefined
  /** Two letters. */
  readonly country?: string | undefined
  readonly timezone?: string | undefined
}

/** A page that was found. */
export interface FoundPage {
  readonly url: string
  readonly title: string
  /** What it says about the query. */
  readonly text: string
  /** When it was written, in whatever words the service has for it. */
  readonly age: string | null
}

/** A service that finds pages. Rejects with a `SearchFailure`, or with the signal's reason. */
export interface SearchProvider {
  readonly name: string
  search(query: SearchQuery): Promise<readonly FoundPage[]>
}

/** Why a search gave nothing, in Anthropic's words (Anthropic API, §2.3). */
export class SearchFailure extends Error {
  override readonly name = 'SearchFailure'
  readonly code: 'unavailable' | 'too_many_requests' | 'query_too_long' | 'invalid_tool_input'

  constructor(code: SearchFailure['code'], message: string) {
    super(message)
    this.code = code
  }
}

/** Whether a page is at one of these domains, or below them; a domain may go on with a path. */
export function isAtDomain(url: string, domains: readonly string[]): boolean {
  const page = URL.parse(url)
  if (!page) return false
  const host = page.hostname.replace(/^www\./, '')
  return domains.some((domain) => {
    const [name = '', ...path] = domain
      .toLowerCase()
      .replace(/^https?:\/\//, '')
      .split('/')
    const bare = name.replace(/^www\./, '').replace(/^\*\./, '')
    const isHost = host === bare || host.endsWith(`.${bare}`)
    return isHost && page.pathname.startsWith(`/${path.join('/')}`)
  })
}

/** Services do not all know domain lists, so they are held to them here; pages without an address are no pages. */
export function keepAllowed(
  pages: readonly FoundPage[],
  { allowedDomains, blockedDomains, maxResults }: SearchQuery,
): readonly FoundPage[] {
  const seen = new Set<string>()
  return pages
    .filter(({ url }) => {
      if (!/^https?:/.test(url) || seen.has(url)) return false
      seen.add(url)
      if (allowedDomains.length > 0 && !isAtDomain(url, allowedDomains)) return false
      return !isAtDomain(url, blockedDomains)
    })
    .slice(0, maxResults)
}

/** Domain lists as words of the query, for services that know the `site:` operator and nothing else. */
export const withSites = ({ query, allowedDomains, blockedDomains }: SearchQuery): string =>
  [
    query,
    allowedDomains.map((domain) => `site:${domain}`).join(' OR '),
    ...blockedDomains.map((domain) => `-site:${domain}`),
  ]
    .filter((words) => words !== '')
    .join(' ')
