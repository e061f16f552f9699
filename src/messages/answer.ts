import type { Outcome, RequestContext } from '../core/context.ts'
import { invalidRequest } from '../core/errors.ts'
import type { PromptSize } from '../tokens/counter.ts'
import { mediaTokensOf } from '../tokens/media.ts'
import { foldEvents } from '../translate/fold.ts'
import { translateRequest } from '../translate/request.ts'
import type { Target } from '../translate/target.ts'
import type { AnswerTerms } from '../translate/terms.ts'
import type { Turn } from '../translate/turns.ts'
import type { UpstreamCall } from '../upstream/upstream.ts'
import type { StreamEvent } from '../wire/anthropic/events.ts'
import type { MessagesRequest } from '../wire/anthropic/request.ts'
import type { MessageResponse } from '../wire/anthropic/response.ts'
import { type AnswerStream, streamAnswer } from './converse.ts'
import { findTarget } from './map-model.ts'
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
  const target = trace.step('map-model', () => mapTo(valid.request, services, context))
  const prepared = trace.step('convert', () => convert(valid, target, services, context))
  return streamAnswer(prepared, services, context, trace.open('call'))
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

function mapTo(request: MessagesRequest, services: Services, context: RequestContext): Target {
  const target = findTarget(request, services.models, services.catalogue)
  context.trace.note('model', request.model)
  context.trace.note('upstream_model', target.model)
  return target
}

/** A request that is ready to be sent, and what its answer needs. */
export interface Prepared {
  readonly call: UpstreamCall
  readonly terms: AnswerTerms
  readonly size: PromptSize
  readonly request: MessagesRequest
  readonly target: Target
}

function convert(
  { request, turns }: ValidRequest,
  target: Target,
  services: Services,
  context: RequestContext,
): Prepared {
  const translated = refuseDepth(() =>
    translateRequest(request, turns, target, context.protocol, services.limits),
  )
  const body = refuseDepth(() => JSON.stringify(translated.body))
  const size: PromptSize = {
    textChars: body.length - translated.binaryChars,
    mediaTokens: translated.binaryChars === 0 ? 0 : mediaTokens(turns),
  }
  return {
    call: { model: request.model, stream: request.stream === true, body, headers: translated.headers },
    terms: {
      ...translated.terms,
      id: context.id.replace(/^req_/, 'msg_'),
      inputTokens: services.tokens.estimate(target.model, size),
    },
    size,
    request,
    target,
  }
}

const mediaTokens = (turns: readonly Turn[]): number =>
  turns.reduce((total, turn) => total + mediaTokensOf(turn.content), 0)

/** JSON can be parsed deeper than it can be written. */
function refuseDepth<Result>(write: () => Result): Result {
  try {
    return write()
  } catch (error) {
    if (error instanceof RangeError) throw invalidRequest('The request body is nested too deeply')
    throw error
  }
}
