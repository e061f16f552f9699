/** A server on the loopback that speaks Anthropic's Messages API, and whose every answer the test decides. */
export interface AnthropicUpstream extends AsyncDisposable {
  /** As Anthropic's clients know it: without the version. */
  readonly baseUrl: string
  /** The requests so far. */
  readonly calls: readonly AnthropicCall[]
  /** Calls whose client went away before the answer was complete. */
  readonly aborted: () => number
  /** Decides what the next calls are answered with. */
  answer: (call: AnthropicCall) => Response | Promise<Response>
}

export interface AnthropicCall {
  readonly path: string
  readonly body: any
  readonly headers: Headers
  readonly signal: AbortSignal
}

export function startAnthropicUpstream(
  answer: AnthropicUpstream['answer'] = ({ body }) =>
    body.stream === true ? eventStream(eventsOf('Hello')) : Response.json(messageOf('Hello')),
): AnthropicUpstream {
  const calls: AnthropicCall[] = []
  let aborted = 0
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    idleTimeout: 0,
    async fetch(request) {
      const path = new URL(request.url).pathname
      if (request.method !== 'POST') return Response.json({ data: [] })
      const call = { path, body: await request.json(), headers: request.headers, signal: request.signal }
      calls.push(call)
      request.signal.addEventListener('abort', () => aborted++)
      return upstream.answer(call)
    },
  })
  const upstream: AnthropicUpstream = {
    baseUrl: `http://127.0.0.1:${server.port}`,
    calls,
    aborted: () => aborted,
    answer,
    [Symbol.asyncDispose]: async () => server.stop(true),
  }
  return upstream
}

export const USAGE = {
  input_tokens: 10,
  cache_creation_input_tokens: 20,
  cache_read_input_tokens: 30,
  output_tokens: 5,
}

/** A whole answer with one block of text. */
export const messageOf = (text: string, fields: object = {}) => ({
  model: 'claude-opus-5-20260901',
  id: 'msg_upstream',
  type: 'message',
  role: 'assistant',
  content: [{ type: 'text', text }],
  stop_reason: 'end_turn',
  stop_sequence: null,
  usage: USAGE,
  ...fields,
})

export const startOf = (fields: object = {}) => ({
  type: 'message_start',
  message: {
    ...messageOf('', fields),
    content: [],
    stop_reason: null,
    usage: { ...USAGE, output_tokens: 1 },
  },
})

export const textDelta = (text: string, index = 0) => ({
  type: 'content_block_delta',
  index,
  delta: { type: 'text_delta', text },
})

/** The events of one answer in text, with a ping in its midst as Anthropic sends it. */
export const eventsOf = (...texts: readonly string[]): object[] => [
  startOf(),
  { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
  { type: 'ping' },
  ...texts.map((text) => textDelta(text)),
  { type: 'content_block_stop', index: 0 },
  {
    type: 'message_delta',
    delta: { stop_reason: 'end_turn', stop_sequence: null },
    usage: { output_tokens: 5 },
  },
  { type: 'message_stop' },
]

/** One event with its two lines, as it stands on the wire. */
export const toFrame = (event: object): string =>
  `event: ${(event as { type: string }).type}\ndata: ${JSON.stringify(event)}\n\n`

/** An answer in events; `tail` is what follows the last of them. */
export const eventStream = (events: readonly object[], tail = ''): Response =>
  new Response(events.map(toFrame).join('') + tail, {
    headers: { 'content-type': 'text/event-stream; charset=utf-8' },
  })

/** An error as Anthropic writes it. */
export const errorAnswer = (
  status: number,
  type: string,
  message: string,
  { headers = {}, ...fields }: { readonly headers?: Record<string, string>; readonly details?: object } = {},
): Response =>
  Response.json(
    { type: 'error', error: { type, message, ...fields }, request_id: 'req_upstream' },
    { status, headers },
  )
