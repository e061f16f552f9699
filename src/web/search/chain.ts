import {
  type FoundPage,
  keepAllowed,
  SearchFailure,
  type SearchProvider,
  type SearchQuery,
} from './search.ts'

/** What to do where nobody is configured. */
const NOBODY =
  'web search is not set up on this server: its operator can set BRAVE_API_KEY, TAVILY_API_KEY, EXA_API_KEY, ' +
  'SEARXNG_URL, or use OpenRouter. Do not guess; tell the user that nothing was searched.'

/** Asks one service after the other until one answers. Rejects with the last failure, and where there is no service. */
export async function searchWeb(
  query: SearchQuery,
  providers: readonly SearchProvider[],
): Promise<readonly FoundPage[]> {
  let failure = new SearchFailure('unavailable', NOBODY)
  for (const provider of providers) {
    try {
      return keepAllowed(await provider.search(query), query)
    } catch (error) {
      if (!(error instanceof SearchFailure)) throw error
      failure = error
    }
  }
  throw failure
}
