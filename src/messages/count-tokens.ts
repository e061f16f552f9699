import type { RequestContext } from '../core/context.ts'
import type { CountTokensResponse } from '../wire/anthropic/request.ts'
import { editContext } from './context-edits.ts'
import { resolveFiles } from './file-sources.ts'
import { findTargets } from './map-model.ts'
import type { Services } from './services.ts'
import { validateRequest } from './validate.ts'

/**
 * Estimates a prompt's tokens with no model call; checked like a message that is to be created. What `context_management`
 * would take away is not counted.
 */
export async function countTokens(
  body: unknown,
  services: Services,
  context: RequestContext,
): Promise<CountTokensResponse> {
  const asked = context.trace.step('validate', () =>
    validateRequest(body, {
      version: context.protocol.version,
      betas: context.protocol.betas,
      strict: services.strict,
      operation: 'count_tokens',
    }),
  )
  const valid = await resolveFiles(asked, services, context)
  const [target] = findTargets({ model: valid.request.model, fallbacks: null }, services)
  const { request, appliedEdits } = await editContext(valid, target, services)
  const inputTokens = await services.tokens.count(request, target.model)
  if (!request.context_management) return { input_tokens: inputTokens }
  const cleared = appliedEdits.reduce((total, edit) => total + edit.cleared_input_tokens, 0)
  return {
    input_tokens: inputTokens,
    context_management: { original_input_tokens: inputTokens + cleared },
  }
}
