import type { Demo } from '../../../src/upstream/demo/demo.ts'

export const MODEL = 'anthropic/claude-sonnet-4'

/** A chat request as a Request object; `body` may replace or add any field. */
export const chatRequest = (body: Record<string, unknown>, init: { signal?: AbortSignal } = {}): Request =>
  new Request('http://demo.local/api/v1/chat/completions', {
    method: 'POST',
    body: JSON.stringify({
      model: MODEL,
      messages: [{ role: 'user', content: 'Hello there' }],
      stream: true,
      ...body,
    }),
    ...init,
  })

/** The fenced block that asks the demo to play these turns. */
export const scriptText = (...turns: object[][]): string =>
  `Play this:\n\`\`\`demo\n${JSON.stringify(turns)}\n\`\`\`\n`

/** A user message that holds a script. */
export const script = (...turns: object[][]) => ({ role: 'user', content: scriptText(...turns) })

export interface Heard {
  readonly status: number
  readonly chunks: any[]
  readonly comments: string[]
  readonly done: boolean
  readonly text: string
  readonly finish: string | undefined
  readonly usage: any
}

/** Reads a stream to its end. */
export const hear = async (response: Response): Promise<Heard> => {
  const frames = (await response.text()).split('\n\n').filter(Boolean)
  const data = frames.filter((frame) => frame.startsWith('data: ')).map((frame) => frame.slice(6))
  const chunks = data.filter((one) => one !== '[DONE]').map((one) => JSON.parse(one))
  const choices = chunks.flatMap((chunk) => chunk.choices ?? [])
  return {
    status: response.status,
    chunks,
    comments: frames.filter((frame) => frame.startsWith(':')),
    done: data.at(-1) === '[DONE]',
    text: choices.map((choice) => choice.delta?.content ?? '').join(''),
    finish: choices.findLast((choice) => choice.finish_reason)?.finish_reason,
    usage: chunks.findLast((chunk) => chunk.usage)?.usage,
  }
}

/** Sends a streaming request and reads the answer. */
export const ask = async (demo: Demo, body: Record<string, unknown>): Promise<Heard> =>
  hear(await demo(chatRequest(body)))

/** Sends a request without `stream` and returns the parsed body. */
export const askWhole = async (demo: Demo, body: Record<string, unknown>): Promise<any> =>
  (await demo(chatRequest({ ...body, stream: false }))).json()

/** The deltas of a stream that carry the named field. */
export const deltasWith = (heard: Heard, field: string): any[] =>
  heard.chunks.flatMap((chunk) => chunk.choices ?? []).flatMap((choice) => choice.delta?.[field] ?? [])

/** The message that a promise fails with; undefined when it does not. */
export const failureOf = async (promise: Promise<unknown> | undefined): Promise<string | undefined> =>
  promise?.then(
    () => undefined,
    (error: Error) => error.message,
  )
