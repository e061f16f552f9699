import { askService, objectsAt, type ServiceOptions, textOf } from './ask-service.ts'
import { type SearchProvider, withSites } from './search.ts'

const URL = 'https://api.search.brave.com/res/v1/web/search'
/** The service takes no more. */
const MAX_COUNT = 20
const MAX_QUERY_CHARS = 400

/** Brave Search, with an API key. */
export const createBrave = (key: string, options: ServiceOptions): SearchProvider => ({
  name: 'brave',
  async search(query) {
    const parameters = new URLSearchParams({
      q: withSites(query).slice(0, MAX_QUERY_CHARS),
      count: String(Math.min(query.maxResults, MAX_COUNT)),
      extra_snippets: 'true',
      ...(query.location?.country ? { country: query.location.country.toUpperCase() } : {}),
    })
    const headers = { accept: 'application/json', 'x-subscription-token': key }
    const answer = await askService(
      'brave',
      `${URL}?${parameters.toString()}`,
      { headers, signal: query.signal },
      options,
    )
    return objectsAt(answer, 'web', 'results').map(
      ({ url, title, description, extra_snippets: more, age }) => ({
        url: textOf(url),
        title: withoutTags(textOf(title)),
        text: [description, ...(Array.isArray(more) ? more : [])]
          .map((part) => withoutTags(textOf(part)))
          .join('\n'),
        age: textOf(age) || null,
      }),
    )
  },
})

/** Matches are marked with `<strong>`. */
const withoutTags = (text: string): string => text.replaceAll(/<\/?strong>/g, '')
