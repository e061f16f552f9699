import { expect } from 'bun:test'

/** One event of a stream, as the client got it. */
export interface SentEvent {
  /** `comment` for what is no event; `data` is its text then. */
  readonly type: string
  readonly data: any
  /** When it came, in milliseconds since its stream was first read. */
  readonly atMs: number
}

/** A stream that is being read while the test goes on. */
export interface Following {
  /** What came so far. */
  readonly events: readonly SentEvent[]
  /** The bytes so far, as text. */
  readonly text: () => string
  /** Resolves at the end, whether the stream was closed or broken off. */
  readonly ended: Promise<void>
  readonly types: () => readonly string[]
}

/**
 * Reads a stream as it comes. Frames must be exactly what Anthropic sends: event line, data line, blank line; or a
 * comment line and a blank one.
 */
export function follow(response: Response): Following {
  expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
  const startedAtMs = performance.now()
  const events: SentEvent[] = []
  let text = ''
  let at = 0
  const decoder = new TextDecoder()
  const read = async (): Promise<void> => {
    for await (const piece of (response.body ?? []) as AsyncIterable<Uint8Array>) {
      text += decoder.decode(piece, { stream: true })
      for (let end = text.indexOf('\n\n', at); end >= 0; end = text.indexOf('\n\n', at)) {
        events.push({ ...parseFrame(text.slice(at, end)), atMs: performance.now() - startedAtMs })
        at = end + 2
      }
    }
    expect(text.slice(at)).toBe('')
  }
  return { events, text: () => text, ended: read(), types: () => events.map(({ type }) => type) }
}

function parseFrame(frame: string): Pick<SentEvent, 'type' | 'data'> {
  const [, comment] = /^: ([^\n]+)$/.exec(frame) ?? []
  if (comment !== undefined) return { type: 'comment', data: comment }
  const [, type = '', json = ''] = /^event: ([a-z_]+)\ndata: (\{[^\n]*\})$/.exec(frame) ?? []
  expect(frame).toBe(`event: ${type}\ndata: ${json}`)
  const data = JSON.parse(json)
  expect(data.type).toBe(type)
  return { type, data }
}

/** Reads a stream to its end. */
export async function eventsOf(response: Response): Promise<readonly SentEvent[]> {
  const following = follow(response)
  await following.ended
  return following.events
}

export const typesOf = (events: readonly SentEvent[]): readonly string[] => events.map(({ type }) => type)

/** The text of all text deltas. */
export const textOf = (events: readonly SentEvent[]): string =>
  events.map(({ data }) => (data.delta?.type === 'text_delta' ? data.delta.text : '')).join('')

/** Which deltas a block of each type may have. */
const DELTAS: Readonly<Record<string, readonly string[]>> = {
  text: ['text_delta', 'citations_delta'],
  thinking: ['thinking_delta', 'signature_delta'],
  tool_use: ['input_json_delta'],
  redacted_thinking: [],
  server_tool_use: ['input_json_delta'],
  mcp_tool_use: ['input_json_delta'],
}

/**
 * Checks the order of a complete stream (Anthropic API, §4.2): one message_start first, blocks numbered from 0 one
 * after another, deltas of the right type inside them, message_delta, one message_stop last. Pings may stand anywhere
 * after the start.
 */
export function checkOrder(events: readonly SentEvent[]): void {
  const said = events.filter(({ type }) => type !== 'ping')
  expect(events[0]?.type).toBe('message_start')
  expect(said.slice(-2).map(({ type }) => type)).toEqual(['message_delta', 'message_stop'])
  expect(events.at(-1)?.type).toBe('message_stop')
  let open: { readonly index: number; readonly type: string } | undefined
  let next = 0
  for (const { type, data } of said.slice(1, -2)) {
    if (type === 'content_block_start') {
      expect(open).toBeUndefined()
      expect(data.index).toBe(next++)
      open = { index: data.index, type: data.content_block.type }
    } else {
      expect(data.index).toBe(open?.index)
      if (type === 'content_block_delta') expect(DELTAS[open?.type ?? ''] ?? []).toContain(data.delta.type)
      else expect(type).toBe('content_block_stop')
      if (type === 'content_block_stop') open = undefined
    }
  }
  expect(open).toBeUndefined()
}
