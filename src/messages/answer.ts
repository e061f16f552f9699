import type { CachedAnswer } from '../cache/answer.ts'
import type { Outcome, RequestContext } from '../core/context.ts'
import { foldEvents } from '../translate/fold.ts'
import { sessionIdOf } from '../translate/options.ts'
import { continuesAnswers } from '../translate/prefill.ts'
import type { Target } from '../translate/target.ts'
import type { StreamEvent } from '../wire/anthropic/events.ts'
import type { MessageResponse } from '../wire/anthropic/response.ts'
import { billCached } from './bill.ts'
import { findWish } from './cache-wish.ts'
import { editContext, tellAppliedEdits } from './context-edits.ts'
import { continueWithTools } from './continue.ts'
import { type AnswerStream, streamAnswer } from './converse.ts'
import { convert, type Prepared, refuseDepth } from './convert.ts'
import { answerOfFirst } from './fallback.ts'
import { resolveFiles } from './file-sources.ts'
import { awaitModels, findTargets } from './map-model.ts'
import { checkModels, namedModels } from './permission.ts'
import { recorded, toTermsFile } from './record.ts'
import { prepareRelay, streamRelay } from './relay.ts'
import { answerOnce, chatQuestion, notCached, type Question, relayedQuestion } from './remember.ts'
import { report, reportLosses } from './report-losses.ts'
import { isContinuable, rescueStream } from './rescue/rescue.ts'
import { promptSize, routeScenario } from './scenario.ts'
import type { AnswerWhole } from './served/agent.ts'
import { asksForServed, openServedTools } from './served/find.ts'
import type { Services } from './services.ts'
import { type Ask, answerStructured, noteAsking } from './structured.ts'
import { type ValidRequest, validateRequest } from './validate.ts'
import { checkOptionSources } from './validation/chat-options.ts'
import { openCall, watchCall } from './watch-call.ts'

/** The way of one request, top to bottom. The result is read by whoever asked: as a stream, or whole. */
export async function answer(
  body: unknown,
  services: Services,
  context: RequestContext,
): Promise<AnswerStream> {
  const { trace } = context
  context.recorder?.request(body)
  const asked = trace.step('validate', () => validate(body, services, context))
  const valid = await resolveFiles(asked, services, context)
  await awaitModels(services)
  const targets = trace.step('map-model', () => mapTo(valid, services, context))
  const put = asksForServed(valid.request, targets, context.caller)
    ? async (request: ValidRequest) => answerWithTools(request, targets, services, context)
    : askerOf(targets, services, context)
  return recorded(await answerStructured(valid, put, services.structured, context), context)
}

/** Puts requests to the first of the targets that answers; what breaks off on the way goes on at another one. */
function askerOf(targets: readonly Target[], services: Services, context: RequestContext): Ask {
  const put = async (request: ValidRequest, whom = targets): Promise<AnswerStream> =>
    answerOfFirst(whom, async (target) => ask(request, target, services, context), context)
  const able = services.rescueStreams ? targets.filter(continuesAnswers) : []
  return async (request) => {
    const stream = await put(request)
    if (able.length === 0 || !isContinuable(request, context)) return stream
    return rescueStream(stream, request, async (rest) => put(rest, able), context)
  }
}

/** What tools have had a part in is never remembered: they may have changed something, and the world changes too. */
async function answerWithTools(
  valid: ValidRequest,
  targets: readonly Target[],
  services: Services,
  context: RequestContext,
): Promise<AnswerStream> {
  const served = await openServedTools(valid.request, targets, services, context, answerInside)
  const askTurn = askerOf(targets, { ...services, cache: undefined }, context)
  return continueWithTools(valid, served, askTurn, services, context)
}

/** A request of the server's own: its answer is not for a client, so it is neither counted nor timed as one. */
const answerInside: AnswerWhole = async (request, services, context) =>
  answerWhole(await answer(request, services, context), context)

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
  const { request, turns } = valid
  const { model, scenario } = routeScenario({
    request,
    turns,
    protocol: context.protocol,
    routes: services.routes,
    tokens: () =>
      services.tokens.estimate(
        request.model,
        refuseDepth(() => promptSize(request, turns)),
      ),
  })
  if (scenario) context.trace.note('route', scenario)
  const { caller, protocol } = context
  if (caller?.models) checkModels([model, ...namedModels(request, protocol.options)], caller, services.choose)
  const targets = findTargets({ model, fallbacks: request.fallbacks ?? null }, services)
  context.trace.note('model', valid.request.model)
  noteTarget(targets[0], context)
  noteConversation(request, context)
  return targets
}

function noteTarget({ model, upstream }: Target, { trace }: RequestContext): void {
  trace.note('upstream_model', model)
  trace.note('upstream', upstream)
}

/** Whose turns belong together: the client's session. */
function noteConversation(request: ValidRequest['request'], { trace, protocol }: RequestContext): void {
  const conversation = sessionIdOf(request, protocol.sessionId)
  if (conversation !== undefined) trace.note('conversation', conversation)
}

/** Puts the question to one target, in the language that its upstream speaks. */
async function ask(
  valid: ValidRequest,
  target: Target,
  services: Services,
  context: RequestContext,
): Promise<AnswerStream> {
  const { trace } = context
  noteTarget(target, context)
  checkOptionSources(context.protocol.options, target)
  if (target.wire === 'messages') {
    const prepared = trace.step('convert', () => prepareRelay(valid, target, services, context))
    const start: Start = (payer) => {
      const endCall = openCall(target, context)
      return streamRelay(watchCall(prepared, context), services, payer, endCall)
    }
    return once(relayedQuestion, prepared, start, services, context)
  }
  const edited = await editContext(valid, target, services)
  const prepared = trace.step('convert', () => {
    noteAsking(edited, target, context)
    reportLosses(edited, target, services, context)
    return convert(edited, target, services, context)
  })
  const start: Start = (payer) => {
    const endCall = openCall(target, context)
    context.recorder?.call(prepared.call.body, toTermsFile(prepared.terms))
    return streamAnswer(watchCall(prepared, context), services, payer, endCall)
  }
  return tellAppliedEdits(once(chatQuestion, prepared, start, services, context), edited.appliedEdits)
}

/** Asks the upstream, on behalf of that request. */
type Start = (context: RequestContext) => AnswerStream

/** Asks only what is not known yet, where answers are remembered and the request does not mind. */
function once<Ready extends Pick<Prepared, 'request' | 'target'>>(
  toQuestion: (prepared: Ready, salt: string, context: RequestContext) => Question,
  prepared: Ready,
  start: Start,
  services: Services,
  context: RequestContext,
): AnswerStream {
  const { wish, losses } = findWish(prepared.request, context.protocol, prepared.target)
  const { cache } = services
  if (!cache) {
    if (wish.onlyIfCached) throw notCached()
    return start(context)
  }
  report(losses, services, context)
  const question = toQuestion(prepared, cache.salt, context)
  const onSaved = ({ costUsd }: CachedAnswer): void => billCached(prepared, costUsd, services, context)
  return answerOnce(question, wish, { ask: start, onSaved }, { ...services, cache }, context)
}
