import type { RequestContext } from '../core/context.ts'
import { Failure } from '../core/errors.ts'
import { joinEnds } from '../translate/join-ends.ts'
import { howToAsk } from '../translate/structured/asking.ts'
import { type AnswerFormat, findFormat } from '../translate/structured/format.ts'
import { type HeldAnswer, heldText, hold, holdAnswer, withText } from '../translate/structured/hold.ts'
import type { Problem } from '../translate/structured/problem.ts'
import { inWords, toReask } from '../translate/structured/reask.ts'
import type { Target } from '../translate/target.ts'
import { mergeTurns } from '../translate/turns.ts'
import type { StreamEvent } from '../wire/anthropic/events.ts'
import { openAccount } from './account.ts'
import type { AnswerStream } from './converse.ts'
import { readAnswer } from './structured/read-answer.ts'
import type { ValidRequest } from './validate.ts'

/** Puts a request to the model; rejects with a `Failure` where it cannot be put. */
export type Ask = (valid: ValidRequest) => Promise<AnswerStream>

export interface StructuredSettings {
  /** How often the model is asked again after an answer that does not fit. */
  readonly retries: number
}

/** Notes how a target is brought to answer in the format that is asked for, if one is. */
export function noteAsking({ request }: ValidRequest, target: Target, context: RequestContext): void {
  const format = findFormat(request, context.protocol.options)
  if (!format) return
  context.trace.note('structured', target.wire === 'messages' ? 'native' : howToAsk(format, request, target))
}

/**
 * Answers with JSON that fits the requested schema: checked, repaired where its meaning is clear, else asked for again.
 * Text is held back until it is known to be right; thinking flows. Refusals, answers that a limit cut off and tool
 * calls pass as they are, as on Anthropic's API, and so does every answer to a request that asks for no format. Throws a
 * `Failure` when no try gives an answer that fits.
 */
export async function answerStructured(
  valid: ValidRequest,
  ask: Ask,
  { retries }: StructuredSettings,
  context: RequestContext,
): Promise<AnswerStream> {
  const format = findFormat(valid.request, context.protocol.options)
  if (!format || isPrefilled(valid, format, context)) return ask(valid)

  let stream = await ask(valid)
  let answer = holdAnswer(0)
  let tries = 1
  /** The first try's `message_start`, until something follows it that the client may have: then both go. */
  let start: HeldAnswer['start']
  let isStarted = false
  let isOver = false
  const account = openAccount(context.trace)
  /** The last try's end, with what all tries cost. */
  let spent: HeldAnswer['end']

  const send = (events: readonly StreamEvent[]): readonly StreamEvent[] => {
    if (events.length === 0 || isStarted) return events
    isStarted = true
    return start ? [start, ...events] : events
  }
  const take = (events: readonly StreamEvent[]): readonly StreamEvent[] => {
    const out: StreamEvent[] = []
    for (const event of events) hold(answer, event, out)
    start ??= answer.start
    return send(out)
  }
  const finish = (events: readonly StreamEvent[]): readonly StreamEvent[] => {
    const end = answer.end && spent
    return send(end ? [...events, end, { type: 'message_stop' }] : events)
  }
  const askAgain = async (text: string, problems: readonly Problem[]): Promise<void> => {
    context.log.info('structured-retry', { tries, problems: problems.map(inWords) })
    const request = toReask(valid.request, text, problems)
    answer = holdAnswer(answer.firstIndex + answer.passedBlocks)
    tries++
    account.next()
    stream = await ask({ request, turns: mergeTurns(request.messages) })
  }
  /** Decides about an answer that is complete. */
  const judge = async (): Promise<readonly StreamEvent[]> => {
    account.add()
    spent = spent && answer.end ? joinEnds(spent, answer.end) : (answer.end ?? spent)
    isOver = true
    context.trace.note('structured_tries', tries)
    if (!isFinal(answer)) return finish(answer.held)
    const text = heldText(answer)
    const reading = readAnswer(text, format.schema)
    if (reading.fits) {
      if (!reading.checked) warnUnchecked(format, context)
      return finish(withText(answer, reading.text))
    }
    if (tries > retries) throw misfit(reading.problems, tries)
    isOver = false
    await askAgain(text, reading.problems)
    return []
  }

  return {
    open() {
      if (isStarted) return []
      isStarted = true
      return start ? [start] : stream.open()
    },
    async read() {
      if (isOver) return undefined
      const events = await stream.read()
      return events ? take(events) : judge()
    },
    async cancel() {
      isOver = true
      await stream.cancel()
    },
  }
}

/** Only an answer that the model itself ended is promised to fit (Anthropic API, §2.8). */
const isFinal = ({ callsTool, end }: HeldAnswer): boolean =>
  !callsTool && end?.delta.stop_reason === 'end_turn'

/** What continues the client's own words is no JSON value by itself. */
function isPrefilled({ turns }: ValidRequest, { path }: AnswerFormat, context: RequestContext): boolean {
  if (turns.at(-1)?.role !== 'assistant') return false
  context.trace.warn({
    path,
    message: 'the answer continues the last assistant message, so it is not checked',
  })
  return true
}

const warnUnchecked = ({ path }: AnswerFormat, context: RequestContext): void =>
  context.trace.warn({ path, message: 'the schema takes too long to check an answer against it in full' })

/** How many problems the message names; all of them stand in the details. */
const MAX_NAMED = 5

function misfit(problems: readonly Problem[], tries: number): Failure {
  const named = problems.slice(0, MAX_NAMED).map(inWords).join('; ')
  const more = problems.length > MAX_NAMED ? `; and ${problems.length - MAX_NAMED} more` : ''
  const count = tries === 1 ? 'one try' : `${tries} tries`
  return new Failure(
    'api_error',
    `the answer does not fit the requested schema after ${count}: ${named}${more}`,
    {
      status: 502,
      // Asking again is what has just been done.
      retryable: false,
      details: { error_code: 'structured_output_mismatch', tries, problems },
    },
  )
}
