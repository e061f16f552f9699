/** A chat-completions server on the loopback whose every answer the test decides. */
export interface TestUpstream extends AsyncDisposable {
  /** For OPENROUTER_BASE_URL. */
  readonly baseUrl: string
  /** The bodies of all POST /chat/completions so far. */
  readonly bodies: ReadonlyArray<Record<string, unknown>>
  /** Their headers. */
  readonly headers: readonly Headers[]
  /** Calls whose client went away before the answer was complete. */
  readonly aborted: () => number
  /** Decides what the next calls are answered with. */
  answer: (body: Record<string, unknown>, request: Request) => Response | Promise<Response>
}

export function startUpstream(
  answer: TestUpstream['answer'] = () => sseAnswer([textChunk('Hello'), finishChunk('stop')]),
): TestUpstream {
  const bodies: Array<Record<string, unknown>> = []
  const headers: Headers[] = []
  let aborted = 0
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    idleTimeout: 0,
    async fetch(request) {
      if (!request.url.endsWith('/chat/completions')) return Response.json({ data: [] })
      const body = (await request.json()) as Record<string, unknown>
      bodies.push(body)
      headers.push(request.headers)
      request.signal.addEventListener('abort', () => aborted++)
      return upstream.answer(body, request)
    },
  })
  const upstream: TestUpstream = {
    baseUrl: `http://127.0.0.1:${server.port}/v1`,
    bodies,
    headers,
    aborted: () => aborted,
    answer,
    [Symbol.asyncDispose]: async () => server.stop(true),
  }
  return upstream
}

export const textChunk = (content: string) => ({ choices: [{ index: 0, delta: { content } }] })

export const finishChunk = (
  finish_reason: string,
  usage: object = { prompt_tokens: 10, completion_tokens: 5 },
) => ({
  choices: [{ index: 0, delta: {}, finish_reason }],
  usage,
})

/** Chunks, or raw text for what is no chunk, as an event stream that ends properly. */
export const sseAnswer = (chunks: ReadonlyArray<object | string>, end = 'data: [DONE]\n\n'): Response =>
  new Response(
    chunks
      .map((chunk) => (typeof chunk === 'string' ? chunk : `data: ${JSON.stringify(chunk)}\n\n`))
      .join('') + end,
    { headers: { 'content-type': 'text/event-stream' } },
  )

/** A whole completion, for requests that do not stream. */
export const wholeAnswer = (
  message: object,
  finish_reason = 'stop',
  usage: object = { prompt_tokens: 10, completion_tokens: 5 },
): Response => Response.json({ id: 'gen-1', choices: [{ index: 0, message, finish_reason }], usage })

/** Whatever the request asks for, as a stream or whole, from the same text. */
export const textAnswer = (text: string, body: Record<string, unknown>): Response =>
  body['stream'] === true
    ? sseAnswer([textChunk(text), finishChunk('stop')])
    : wholeAnswer({ role: 'assistant', content: text })
