import type { Usage } from '../wire/anthropic/response.ts'
import type { ChatUsage } from '../wire/openrouter/chunk.ts'

/** What the request says about how its usage is to be read. */
export interface UsageTerms {
  /** Every cache breakpoint of the request asked for one hour. */
  readonly hourCache: boolean
  /** The request asked for fast service. */
  readonly fast: boolean
}

/** Usage that the upstream has not told: in `message_start`, so that clients can compact in time, or for good. */
export const estimatedUsage = (inputTokens: number, outputTokens: number): Usage => ({
  input_tokens: inputTokens,
  cache_creation_input_tokens: 0,
  cache_read_input_tokens: 0,
  cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 },
  output_tokens: outputTokens,
  output_tokens_details: null,
  server_tool_use: null,
  service_tier: 'standard',
  speed: null,
  inference_geo: 'not_available',
})

/**
 * Upstream usage in Anthropic's terms (openrouter §7.8): `prompt_tokens` includes cached and cache-written tokens,
 * `input_tokens` excludes both. Some providers report fewer prompt tokens than cached ones, hence the floor at 0.
 * A number that is missing stays the `guess`: clients compact by it.
 */
export function toUsage(
  usage: ChatUsage,
  guess: Usage,
  terms: UsageTerms,
  serviceTier: string | undefined,
): Usage {
  const read = count(usage.prompt_tokens_details?.cached_tokens)
  const written = count(usage.prompt_tokens_details?.cache_write_tokens)
  const searches = count(
    usage.server_tool_use_details?.web_search_requests ?? usage.server_tool_use?.web_search_requests,
  )
  const prompt = count(usage.prompt_tokens)
  const completion = count(usage.completion_tokens)
  const reasoning = usage.completion_tokens_details?.reasoning_tokens
  return {
    ...guess,
    // 0 is what servers write that do not count: no prompt is empty, and the guess of an empty answer is 0 as well.
    input_tokens: prompt > 0 ? Math.max(prompt - read - written, 0) : guess.input_tokens,
    output_tokens: completion > 0 ? completion : guess.output_tokens,
    cache_creation_input_tokens: written,
    cache_read_input_tokens: read,
    cache_creation: {
      ephemeral_5m_input_tokens: terms.hourCache ? 0 : written,
      ephemeral_1h_input_tokens: terms.hourCache ? written : 0,
    },
    output_tokens_details: typeof reasoning === 'number' ? { thinking_tokens: count(reasoning) } : null,
    server_tool_use: searches > 0 ? { web_search_requests: searches, web_fetch_requests: 0 } : null,
    service_tier: serviceTier === 'priority' ? 'priority' : 'standard',
    speed: servedSpeed(terms, serviceTier),
  }
}

const count = (value: unknown): number =>
  typeof value === 'number' && Number.isFinite(value) && value > 0 ? Math.round(value) : 0

function servedSpeed(terms: UsageTerms, serviceTier: string | undefined): Usage['speed'] {
  if (!terms.fast) return null
  return serviceTier === 'priority' ? 'fast' : 'standard'
}
