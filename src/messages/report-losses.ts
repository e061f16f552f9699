import type { RequestContext } from '../core/context.ts'
import { invalidRequest } from '../core/errors.ts'
import { findLosses } from '../translate/losses.ts'
import type { Loss } from '../translate/losses/fates.ts'
import type { Target } from '../translate/target.ts'
import type { Services } from './services.ts'
import type { ValidRequest } from './validate.ts'

/**
 * Reports what a target does not get of a request. Throws a `Failure` for the first loss that is not harmless where the
 * operator wants none.
 */
export function reportLosses(
  { request, turns }: ValidRequest,
  target: Target,
  services: Pick<Services, 'limits' | 'strict'>,
  context: Pick<RequestContext, 'protocol' | 'trace'>,
): void {
  const { protocol } = context
  report(findLosses({ request, turns, target, protocol, limits: services.limits }), services, context)
}

/** Losses that are known already, told in the same way. */
export function report(
  losses: readonly Loss[],
  { strict }: Pick<Services, 'strict'>,
  { trace }: Pick<RequestContext, 'trace'>,
): void {
  const grave = strict ? losses.find(({ harmless }) => !harmless) : undefined
  if (grave) throw invalidRequest(`${grave.path}: ${grave.message}`)
  for (const loss of losses) trace.warn(loss)
}
