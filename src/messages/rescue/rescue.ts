import type { RequestContext } from '../../core/context.ts'
import type { Failure } from '../../core/errors.ts'
import { findFormat } from '../../translate/structured/format.ts'
import { mergeTurns } from '../../translate/turns.ts'
import type { StreamEvent } from '../../wire/anthropic/events.ts'
import type { MessagesRequest } from '../../wire/anthropic/request.ts'
import { openAccount } from '../account.ts'
import type { AnswerStream } from '../converse.ts'
import { isWorthAnother } from '../fallback.ts'
import type { ValidRequest } from '../validate.ts'
import { canGoOn, hear, newSaid } from './said.ts'
import { createSplice, type Splice } from './splice.ts'

/** How often one answer is continued; what breaks off more often has another reason. */
const MAX_RESCUES = 2
const CHARS_A_TOKEN = 4

/** Asks for the rest of an answer. */
type Ask = (continued: ValidRequest) => Promise<AnswerStream>

/**
 * The same stream; when it breaks off in the middle of its text, models that continue answers are given what was said
 * so far and asked for the rest, so that the client sees one whole message. Never once a tool was called: nobody could
 * say then what of the call was meant.
 */
export function rescueStream(
  stream: AnswerStream,
  { request }: ValidRequest,
  askOn: Ask,
  context: RequestContext,
): AnswerStream {
  const said = newSaid()
  let current = stream
  let splice: Splice | undefined
  let rescues = 0
  /** Of them, how many the trace tells of: those whose continuation has said something. */
  let told = 0
  /** What broke the answer off; told where the rescue fails. */
  let failure: Failure | undefined
  const account = openAccount(context.trace)

  const pass = (events: readonly StreamEvent[]): readonly StreamEvent[] | undefined => {
    if (!splice) {
      for (const event of events) hear(said, event)
      return events
    }
    const out: StreamEvent[] = []
    for (const event of events) {
      if (!splice.take(event, out)) return undefined
    }
    for (const event of out) hear(said, event)
    if (out.length > 0 && told < rescues) {
      told = rescues
      noteRescue(context)
    }
    return out
  }
  const goOn = async (error: Failure): Promise<void> => {
    failure ??= error
    rescues++
    const rest = toContinuation(request, said.text)
    if (!rest) throw failure
    context.log.warn('stream-rescue', {
      error: `${error.kind}: ${error.message}`,
      said_chars: said.text.length,
      rescues,
    })
    splice = createSplice(said)
    account.add()
    account.next()
    current = await askOn(rest)
  }

  return {
    open() {
      const events = current.open()
      for (const event of events) hear(said, event)
      return events
    },
    async read() {
      for (;;) {
        try {
          const events = await current.read()
          if (!events) {
            if (rescues > 0) account.add()
            return undefined
          }
          const passed = pass(events)
          if (passed) return passed
          // The model tells something else instead of going on.
          await current.cancel()
          throw failure ?? new Error('a continuation follows a failure')
        } catch (error) {
          const isHopeless = rescues === MAX_RESCUES || error === failure || !canGoOn(said)
          if (context.signal.aborted) throw error
          if (isHopeless || !isWorthAnother(error)) throw failure ?? error
          await goOn(error)
        }
      }
    },
    async cancel() {
      await current.cancel()
    },
  }
}

/** How often the answer was rescued in all its turns, and which model went on last. */
function noteRescue({ trace }: RequestContext): void {
  trace.note('rescued', Number(trace.noted('rescued') ?? 0) + 1)
  trace.note('rescued_by', trace.noted('upstream_model'))
}

/** Whether a request's answer could be continued. */
export const isContinuable = ({ request }: ValidRequest, { protocol }: RequestContext): boolean =>
  request.messages.at(-1)?.role !== 'assistant' && !findFormat(request, protocol.options)

/** The request for the rest of an answer; undefined where there is no room left for one. */
function toContinuation(request: MessagesRequest, text: string): ValidRequest | undefined {
  const max_tokens = request.max_tokens - Math.ceil(text.length / CHARS_A_TOKEN)
  if (max_tokens < 1) return undefined
  const continued: MessagesRequest = {
    ...request,
    max_tokens,
    // Claude refuses to think about an answer that has begun.
    ...(request.thinking ? { thinking: { type: 'disabled' } } : {}),
    messages: [...request.messages, { role: 'assistant', content: [{ type: 'text', text: text.trimEnd() }] }],
  }
  return { request: continued, turns: mergeTurns(continued.messages) }
}
