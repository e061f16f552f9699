import type { Outcome, RequestContext } from '../core/context.ts'
import { foldEvents } from '../translate/fold.ts'
import type { Target } from '../translate/target.ts'
import type { StreamEvent } from '../wire/anthropic/events.ts'
import type { MessageResponse } from '../wire/anthropic/response.ts'
import { type AnswerStream, streamAnswer } from './converse.ts'
import { convert } from './convert.ts'
import { answerOfFirst } from './fallback.ts'
import { findTargets } from './map-model.ts'
import type { Services } from './services.ts'
import { type ValidRequest, validateRequest } from './validate.ts'

/** The way of one request, top to bottom. The result is read by whoever asked: as a stream, or whole. */
export async function answer(
  body: unknown,
  services: Services,
  context: RequestContext,
): Promise<AnswerStream> {
  const { trace } = context
  const valid = trace.step('validate', () => validate(body, services, context))
  const targets = trace.step('map-model', () => mapTo(valid, services, context))
  return answerOfFirst(targets, (target) => ask(valid, target, services, context), context)
}

/** The same way, taken to its end: what a client that did not ask for a stream gets. */
export async function answerWhole(stream: AnswerStream, context: RequestContext): Promise<MessageResponse> {
  const end: (outcome: Outcome) => void = context.trace.open('respond')
  const events: StreamEvent[] = []
  for (let batch = await stream.read(); batch; batch = await stream.read()) events.push(...batch)
  const message = foldEvents(events)
  end('ok')
  return message
}

const validate = (body: unknown, services: Services, context: RequestContext): ValidRequest =>
  validateRequest(body, {
    version: context.protocol.version,
    betas: context.protocol.betas,
    strict: services.strict,
    operation: 'create',
  })

function mapTo(valid: ValidRequest, services: Services, context: RequestContext): readonly Target[] {
  const targets = findTargets(valid.request, services)
  context.trace.note('model', valid.request.model)
  context.trace.note('upstream_model', targets[0].model)
  return targets
}

/** Puts the question to one target, in the language that its upstream speaks. */
function ask(valid: ValidRequest, target: Target, services: Services, context: RequestContext): AnswerStream {
  const { trace } = context
  const prepared = trace.step('convert', () => convert(valid, target, services, context))
  return streamAnswer(prepared, services, context, trace.open('call'))
}
