import type { RequestContext } from '../core/context.ts'
import { foldEvents } from '../translate/fold.ts'
import type { ServedCall } from '../translate/served/look.ts'
import { callsToRun, stitchMachine, type StitchState, waitsForClient } from '../translate/served/stitch.ts'
import { mergeTurns } from '../translate/turns.ts'
import type { ContentBlock, ToolResultBlock } from '../wire/anthropic/content.ts'
import type { StreamEvent } from '../wire/anthropic/events.ts'
import type { MessagesRequest } from '../wire/anthropic/request.ts'
import { type Account, openAccount } from './account.ts'
import type { AnswerStream } from './converse.ts'
import { findPending, withAnswers, withoutStitches } from './served/history.ts'
import { openWatch, type Watch, whyPause } from './served/limits.ts'
import { startMessage } from './served/start-message.ts'
import type { ServedTool, ServedTools } from './served/tool.ts'
import type { Services } from './services.ts'
import type { Ask } from './structured.ts'
import { type RunResult, runCalls } from './tools.ts'
import type { ValidRequest } from './validate.ts'

type LoopServices = Pick<Services, 'clock' | 'tokens' | 'serverTools'>

/**
 * Answers with tools that the server runs: asks the model, runs what it calls, asks again with the results, until it
 * calls nothing more, or a tool of the client's, or a limit is met. To the client all turns are one message, whose text
 * flows all the while. A message that paused, or broke off before its tools had run, goes on when it is sent back.
 */
export async function continueWithTools(
  asked: ValidRequest,
  served: ServedTools,
  ask: Ask,
  services: LoopServices,
  context: RequestContext,
): Promise<AnswerStream> {
  const valid = withoutStitches(asked, served)
  const machine = stitchMachine(new Map(served.tools.map(({ name, look }) => [name, look])))
  const loop: Loop = {
    valid,
    served,
    tools: new Map(served.tools.map((tool) => [tool.name, tool])),
    ask,
    services,
    context,
    account: openAccount(context.trace),
    watch: openWatch(services.serverTools.limits, services.clock, context.signal),
    machine,
    state: machine.start(),
    turn: [],
    stream: undefined,
  }
  try {
    const pending = findPending(valid, served)
    // Where no tool runs first, a failure to ask is one of the request.
    if (pending.length === 0) loop.stream = await ask(valid)
    return streamLoop(loop, pending)
  } catch (error) {
    await close(loop)
    throw error
  }
}

/** An answer on its way through its turns. */
interface Loop {
  /** What the model is asked in this turn. */
  valid: ValidRequest
  readonly served: ServedTools
  readonly tools: ReadonlyMap<string, ServedTool>
  readonly ask: Ask
  readonly services: LoopServices
  readonly context: RequestContext
  readonly account: Account
  readonly watch: Watch
  readonly machine: ReturnType<typeof stitchMachine>
  state: StitchState
  /** The events of this turn, as the upstream's answer has them. */
  turn: StreamEvent[]
  /** This turn's answer; undefined before the first one is asked for. */
  stream: AnswerStream | undefined
}

function streamLoop(loop: Loop, pending: readonly ServedCall[]): AnswerStream {
  const events = play(loop, pending)
  return {
    open() {
      const { valid, services, context } = loop
      return take(loop, loop.stream ? loop.stream.open() : [startMessage(valid.request, services, context)])
    },
    async read() {
      const { done, value } = await events.next()
      return done ? undefined : value
    },
    async cancel() {
      await close(loop)
      await loop.stream?.cancel()
    },
  }
}

async function* play(loop: Loop, pending: readonly ServedCall[]): AsyncGenerator<readonly StreamEvent[]> {
  try {
    if (pending.length > 0) {
      if (!loop.state.begun) yield take(loop, [startMessage(loop.valid.request, loop.services, loop.context)])
      const results = yield* runTools(loop, pending)
      loop.valid = withAnswers(loop.valid, loop.served, results)
    }
    for (;;) {
      yield* readTurn(loop)
      const calls = callsToRun(loop.state)
      const results = calls.length > 0 ? yield* runTools(loop, calls) : []
      if (calls.length === 0 || waitsForClient(loop.state) || pauses(loop)) break
      loop.valid = loop.context.trace.step('continue', () => nextTurn(loop, results))
      loop.account.next()
      loop.stream = undefined
    }
    yield finish(loop)
  } finally {
    await close(loop)
  }
}

/** The model's part of a turn. */
async function* readTurn(loop: Loop): AsyncGenerator<readonly StreamEvent[]> {
  loop.watch.turns++
  loop.stream ??= await loop.ask(loop.valid)
  const { stream } = loop
  for (let events = await stream.read(); events; events = await stream.read()) yield take(loop, events)
  loop.account.add()
}

function take(loop: Loop, events: readonly StreamEvent[]): readonly StreamEvent[] {
  const out: StreamEvent[] = []
  loop.turn.push(...events)
  for (const event of events) loop.state = loop.machine.step(loop.state, { type: 'event', event }, out)
  return out
}

/** The server's part: each result is told as soon as it and those before it are there. */
async function* runTools(
  loop: Loop,
  calls: readonly ServedCall[],
): AsyncGenerator<readonly StreamEvent[], readonly ToolResultBlock[]> {
  const { watch, context, account } = loop
  const results: ToolResultBlock[] = []
  for (const run of runCalls(calls, loop.tools, { watch, context, account })) {
    const { block, result } = await run
    watch.outputBytes += JSON.stringify(result.content ?? '').length
    results.push(result)
    yield show(loop, block)
  }
  return results
}

function show(loop: Loop, block: RunResult['block']): readonly StreamEvent[] {
  const out: StreamEvent[] = []
  loop.state = loop.machine.step(loop.state, { type: 'result', block }, out)
  return out
}

/** The same conversation, with what this turn has said and what its calls gave. */
function nextTurn(loop: Loop, results: readonly ToolResultBlock[]): ValidRequest {
  const said = foldEvents(loop.turn).content as unknown as ContentBlock[]
  loop.turn = []
  const { request } = loop.valid
  const messages: MessagesRequest['messages'] = [
    ...request.messages,
    { role: 'assistant', content: said },
    { role: 'user', content: [...results] },
  ]
  const next = { ...request, messages, ...withoutForce(request) }
  return { request: next, turns: mergeTurns(messages) }
}

/** A call that was forced has been made; forced again, the model could never end. */
function withoutForce({ tool_choice: choice }: MessagesRequest): Partial<MessagesRequest> {
  if (choice?.type !== 'any' && choice?.type !== 'tool') return {}
  const { disable_parallel_tool_use: alone } = choice
  return { tool_choice: { type: 'auto', ...(alone ? { disable_parallel_tool_use: alone } : {}) } }
}

/** Whether a limit is met before the next turn. */
function pauses({ watch, account, services, context }: Loop): boolean {
  const reason = whyPause(watch, account.costUsd(), services.serverTools.limits, services.clock)
  if (reason !== undefined) context.trace.note('paused', reason)
  return reason !== undefined
}

function finish({ machine, state, watch, context }: Loop): readonly StreamEvent[] {
  const out: StreamEvent[] = []
  machine.end(state, out)
  context.trace.note('turns', watch.turns)
  return out
}

/** Stops what still runs. Idempotent. */
async function close({ watch, served }: Loop): Promise<void> {
  watch.stop()
  await served.close()
}
