import type { RequestContext } from '../core/context.ts'
import type { CountTokensResponse } from '../wire/anthropic/request.ts'
import { findTargets } from './map-model.ts'
import type { Services } from './services.ts'
import { validateRequest } from './validate.ts'

/** Estimates a prompt's tokens with no model call; checked like a message that is to be created. */
export async function countTokens(
  body: unknown,
  services: Services,
  context: RequestContext,
): Promise<CountTokensResponse> {
  const { request } = context.trace.step('validate', () =>
    validateRequest(body, {
      version: context.protocol.version,
      betas: context.protocol.betas,
      strict: services.strict,
      operation: 'count_tokens',
    }),
  )
  const [target] = findTargets(request, services)
  return { input_tokens: await services.tokens.count(request, target.model) }
}
