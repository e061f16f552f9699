import { askService, objectsAt, type ServiceOptions, textOf } from './ask-service.ts'
import type { SearchProvider } from './search.ts'

const URL = 'https://api.tavily.com/search'
const MAX_RESULTS = 20

/** Tavily, with an API key. */
export const createTavily = (key: string, options: ServiceOptions): SearchProvider => ({
  name: 'tavily',
  async search({ query, maxResults, allowedDomains, blockedDomains, signal }) {
    const body = JSON.stringify({
      query,
      max_results: Math.min(maxResults, MAX_RESULTS),
      ...(allowedDomains.length > 0 ? { include_domains: allowedDomains } : {}),
      ...(blockedDomains.length > 0 ? { exclude_domains: blockedDomains } : {}),
    })
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${key}` }
    const answer = await askService('tavily', URL, { method: 'POST', headers, body, signal }, options)
    return objectsAt(answer, 'results').map(({ url, title, content, published_date: age }) => ({
      url: textOf(url),
      title: textOf(title),
      text: textOf(content),
      age: textOf(age) || null,
    }))
  },
})
