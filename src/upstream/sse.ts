/** What is left between two reads of a server-sent event stream. */
export interface SseState {
  readonly rest: string
  readonly data: string | undefined
}

export const SSE_START: SseState = { rest: '', data: undefined }

/**
 * Takes in one piece of decoded text and appends each complete event's data to `out`. Comments, event names and ids
 * are skipped. Copes with CR, LF and CRLF, `data:` without a blank and data in several lines (openrouter §5.3, q27).
 */
export function parseSse(state: SseState, text: string, out: string[]): SseState {
  const buffer = state.rest === '' ? text : state.rest + text
  const hasReturn = buffer.includes('\r')
  let { data } = state
  let from = 0
  for (;;) {
    const at = hasReturn ? nextBreak(buffer, from) : buffer.indexOf('\n', from)
    if (at < 0) break
    // A carriage return at the very end may be the first half of a CRLF.
    const isReturn = hasReturn && buffer.charCodeAt(at) === 13
    if (isReturn && at === buffer.length - 1) break
    if (at === from) {
      if (data !== undefined) out.push(data)
      data = undefined
    } else data = addLine(data, buffer.slice(from, at))
    from = isReturn && buffer.charCodeAt(at + 1) === 10 ? at + 2 : at + 1
  }
  return { rest: from === 0 ? buffer : buffer.slice(from), data }
}

/** What an ended stream still holds: servers forget the last blank line, or even the line break. */
export function endSse(state: SseState, out: string[]): void {
  const data = state.rest.trim() === '' ? state.data : addLine(state.data, state.rest.trimEnd())
  if (data !== undefined) out.push(data)
}

function nextBreak(buffer: string, from: number): number {
  const feed = buffer.indexOf('\n', from)
  const back = buffer.indexOf('\r', from)
  if (feed < 0 || back < 0) return Math.max(feed, back)
  return Math.min(feed, back)
}

function addLine(data: string | undefined, line: string): string | undefined {
  const start = valueStart(line)
  if (start < 0) return data
  const value = line.slice(start)
  return data === undefined ? value : `${data}\n${value}`
}

/** Where a line's data begins, -1 for lines that carry none. A bare JSON line is data that lost its prefix (q31). */
function valueStart(line: string): number {
  if (line.startsWith('data:')) return line.charCodeAt(5) === 32 ? 6 : 5
  return line.startsWith('{') ? 0 : -1
}
