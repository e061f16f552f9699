import { askService, objectsAt, type ServiceOptions, textOf } from './ask-service.ts'
import { type SearchProvider, withSites } from './search.ts'

/** A SearXNG server of the operator's, whose settings allow the format `json`. */
export const createSearxng = (baseUrl: string, options: ServiceOptions): SearchProvider => ({
  name: 'searxng',
  async search(query) {
    const parameters = new URLSearchParams({ q: withSites(query), format: 'json' })
    const init = { headers: { accept: 'application/json' }, signal: query.signal }
    const answer = await askService('searxng', `${baseUrl}/search?${parameters.toString()}`, init, options)
    return objectsAt(answer, 'results').map(({ url, title, content, publishedDate: age }) => ({
      url: textOf(url),
      title: textOf(title),
      text: textOf(content),
      age: textOf(age) || null,
    }))
  },
})
