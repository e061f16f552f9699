import { askService, objectsAt, type ServiceOptions, textOf } from './ask-service.ts'
import type { SearchProvider } from './search.ts'

const URL = 'https://api.exa.ai/search'
const MAX_CHARS = 1500

/** Exa, with an API key. */
export const createExa = (key: string, options: ServiceOptions): SearchProvider => ({
  name: 'exa',
  async search({ query, maxResults, allowedDomains, blockedDomains, location, signal }) {
    const body = JSON.stringify({
      query,
      numResults: maxResults,
      contents: { text: { maxCharacters: MAX_CHARS } },
      ...(allowedDomains.length > 0 ? { includeDomains: allowedDomains } : {}),
      ...(blockedDomains.length > 0 ? { excludeDomains: blockedDomains } : {}),
      ...(location?.country ? { userLocation: location.country.toUpperCase() } : {}),
    })
    const headers = { 'content-type': 'application/json', 'x-api-key': key }
    const answer = await askService('exa', URL, { method: 'POST', headers, body, signal }, options)
    return objectsAt(answer, 'results').map(({ url, title, text, publishedDate: age }) => ({
      url: textOf(url),
      title: textOf(title),
      text: textOf(text),
      age: textOf(age) || null,
    }))
  },
})
