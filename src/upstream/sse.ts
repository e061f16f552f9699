/** What is left between two reads of a server-sent event stream. */
export interface SseState {
  /** The beginning of a line whose end has not come. */
  readonly rest: string
  /** The data of an event whose end has not come. */
  readonly data: string | undefined
  /** The last read ended with a carriage return; a line feed after it is the same line's end. */
  readonly afterReturn: boolean
}

export const SSE_START: SseState = { rest: '', data: undefined, afterReturn: false }

const LINE_FEED = 10
const RETURN = 13
const BLANK = 32

/** Takes one event's data: what stands in `text` between the two places, so that it need not be copied. */
export type OnData = (text: string, from: number, to: number) => void

/**
 * Takes in one piece of decoded text and tells each complete event's data. Comments, event names and ids are skipped,
 * and so are events without data. Copes with CR, LF and CRLF, `data:` without a blank and data in several lines
 * (openrouter §5.3, q27), however the text is cut.
 */
export function scanSse(state: SseState, piece: string, onData: OnData): SseState {
  if (piece === '') return state
  const text = state.afterReturn && piece.charCodeAt(0) === LINE_FEED ? piece.slice(1) : piece
  const hasReturn = text.includes('\r')
  let { rest, data } = state
  let from = 0
  for (;;) {
    const at = hasReturn ? nextBreak(text, from) : text.indexOf('\n', from)
    if (at < 0) break
    if (!hasReturn && rest === '' && data === undefined && isWholeEvent(text, from, at)) {
      onData(text, from + PREFIX.length, at)
      from = at + 2
      continue
    }
    // Joined only here: a line that spans many reads is neither copied nor searched again with each of them.
    const line = rest + text.slice(from, at)
    rest = ''
    data = line === '' ? endEvent(data, onData) : addLine(data, line, onData)
    from = text.charCodeAt(at) === RETURN && text.charCodeAt(at + 1) === LINE_FEED ? at + 2 : at + 1
  }
  return { rest: rest + text.slice(from), data, afterReturn: text.charCodeAt(text.length - 1) === RETURN }
}

const PREFIX = 'data: '

/** The common event: one line of data, a blank line, both there. It is cut out in one go. */
const isWholeEvent = (text: string, from: number, at: number): boolean =>
  text.charCodeAt(at + 1) === LINE_FEED && at > from + PREFIX.length && text.startsWith(PREFIX, from)

/** What an ended stream still holds: servers forget the last blank line, or even the line break. */
export function finishSse(state: SseState, onData: OnData): void {
  endEvent(addLine(state.data, state.rest, onData), onData)
}

/** The same, with each event's data as a text of its own. */
export const parseSse = (state: SseState, piece: string, out: string[]): SseState =>
  scanSse(state, piece, (text, from, to) => out.push(text.slice(from, to)))

export const endSse = (state: SseState, out: string[]): void =>
  finishSse(state, (text, from, to) => out.push(text.slice(from, to)))

function nextBreak(text: string, from: number): number {
  const feed = text.indexOf('\n', from)
  const back = text.indexOf('\r', from)
  return feed < 0 || back < 0 ? Math.max(feed, back) : Math.min(feed, back)
}

function endEvent(data: string | undefined, onData: OnData): undefined {
  if (data) onData(data, 0, data.length)
}

function addLine(data: string | undefined, line: string, onData: OnData): string | undefined {
  if (line.startsWith('data:')) {
    const value = line.slice(line.charCodeAt(5) === BLANK ? 6 : 5)
    return data === undefined ? value : `${data}\n${value}`
  }
  if (!line.startsWith('{')) return data
  // An error object that lost its `data:` (q31). It never continues the event before it.
  endEvent(data, onData)
  return line
}
