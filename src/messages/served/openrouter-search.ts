import { Failure } from '../../core/errors.ts'
import { citedPagesOf } from '../../translate/served/annotations.ts'
import type { Upstream } from '../../upstream/upstream.ts'
import {
  type FoundPage,
  SearchFailure,
  type SearchProvider,
  type SearchQuery,
} from '../../web/search/search.ts'

/** The answer itself is of no use; some providers refuse to say less. */
const MAX_TOKENS = 16

/** OpenRouter's web plugin, which searches before a model says anything: what it has found stands in the annotations. */
export const createOpenRouterSearch = (upstream: Upstream, model: string): SearchProvider => ({
  name: 'openrouter',
  async search(query) {
    const call = { model, stream: true, body: JSON.stringify(toBody(query, model)), headers: {} }
    const found: FoundPage[] = []
    try {
      for await (const batch of upstream.stream(call, query.signal))
        for (const chunk of batch)
          if (chunk !== '[DONE]')
            for (const { url, title, text } of citedPagesOf(chunk))
              found.push({ url, title, text, age: null })
    } catch (error) {
      query.signal.throwIfAborted()
      const isRate = error instanceof Failure && error.kind === 'rate_limit_error'
      throw new SearchFailure(
        isRate ? 'too_many_requests' : 'unavailable',
        'the search through OpenRouter failed',
      )
    }
    return found
  },
})

const toBody = (
  { query, maxResults, allowedDomains, blockedDomains, location }: SearchQuery,
  model: string,
) => ({
  model,
  messages: [{ role: 'user', content: query }],
  max_tokens: MAX_TOKENS,
  stream: true,
  plugins: [
    {
      id: 'web',
      max_results: maxResults,
      ...(allowedDomains.length > 0 ? { include_domains: allowedDomains } : {}),
      ...(blockedDomains.length > 0 ? { exclude_domains: blockedDomains } : {}),
      ...(location ? { user_location: { type: 'approximate', ...location } } : {}),
    },
  ],
})
