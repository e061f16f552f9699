import { type ClientProtocol, DEFAULT_PROTOCOL } from '../../src/core/context.ts'
import { readProtocol } from '../../src/http/protocol.ts'
import { validateRequest } from '../../src/messages/validate.ts'
import { translateRequest, type TranslatedRequest } from '../../src/translate/request.ts'
import { type ModelFacts, type Target, toTarget } from '../../src/translate/target.ts'
import { deepFreeze } from '../support/freeze.ts'

export const CLAUDE = toTarget('anthropic/claude-sonnet-4.5', true)
export const GPT = toTarget('openai/gpt-5.2', true)
export const GEMINI = toTarget('google/gemini-3-pro-preview', true)
export const DEEPSEEK = toTarget('deepseek/deepseek-v4', true)
/** A server of one's own, that knows nothing of OpenRouter. */
export const LOCAL = toTarget('llama-3.3-70b', false)

export const withFacts = (target: Target, facts: ModelFacts): Target => ({ ...target, facts })

export interface AskOptions {
  readonly maxTokensLimit?: number
  readonly betas?: readonly string[]
  readonly sessionId?: string
  readonly requireParameters?: boolean
  /** `x-openrouter-…` headers. */
  readonly headers?: Readonly<Record<string, string>>
}

/** A request with `fields`, which must be valid and is frozen, on its way to a target. */
export function ask(fields: object, target: Target = CLAUDE, options: AskOptions = {}): TranslatedRequest {
  const { betas = [], sessionId, maxTokensLimit, requireParameters = false, headers = {} } = options
  const body = deepFreeze({
    model: 'claude-sonnet-4-5',
    max_tokens: 4096,
    messages: [{ role: 'user', content: 'Go.' }],
    ...fields,
  })
  const protocol: ClientProtocol = {
    ...DEFAULT_PROTOCOL,
    betas,
    sessionId,
    options: readProtocol(new Headers(headers), false).options,
  }
  const valid = validateRequest(body, { ...protocol, strict: false, operation: 'create' })
  return translateRequest(valid.request, valid.turns, target, protocol, {
    maxTokensLimit,
    requireParameters,
  })
}

/** The chat request alone. */
export const bodyOf = (fields: object, target?: Target, options?: AskOptions): Record<string, any> =>
  ask(fields, target, options).body

export const tool = (name: string, more: object = {}) => ({
  name,
  input_schema: { type: 'object', properties: {} },
  ...more,
})
