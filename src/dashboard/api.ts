import { askForKey } from './key-prompt.ts'

const KEY = 'admin-key'

const headers = (): Record<string, string> => {
  const key = sessionStorage.getItem(KEY)
  return key === null ? {} : { 'x-api-key': key }
}

/** What the server said is wrong. */
class ApiError extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

interface Asking {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly signal?: AbortSignal
}

/** Asks the server; where it wants a key, the reader is asked for it, and then the server again. */
async function ask(path: string, init: Asking = {}): Promise<Response> {
  for (;;) {
    const response = await fetch(path, {
      ...init,
      headers: { ...headers(), ...init.headers },
      cache: 'no-store',
    })
    // A client's key is known and yet not the right one: it is forgotten, so that a reload asks again.
    if (response.status === 403) sessionStorage.removeItem(KEY)
    if (response.status !== 401) return response
    sessionStorage.setItem(KEY, await askForKey(sessionStorage.getItem(KEY) !== null))
  }
}

async function read<Answer>(response: Response): Promise<Answer> {
  const body = (await response.json().catch(() => undefined)) as { error?: { message?: string } } | undefined
  if (!response.ok)
    throw new ApiError(
      response.status,
      body?.error?.message ?? `The server answered with status ${response.status}.`,
    )
  return body as Answer
}

export const get = async <Answer>(path: string, signal?: AbortSignal): Promise<Answer> =>
  read<Answer>(await ask(path, signal ? { signal } : {}))

export const send = async <Answer>(
  method: 'POST' | 'PUT' | 'DELETE',
  path: string,
  body?: unknown,
): Promise<Answer> =>
  read<Answer>(
    await ask(
      path,
      body === undefined
        ? { method }
        : { method, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) },
    ),
  )

/** Reads server-sent events until the stream ends or breaks. By `fetch`, as `EventSource` can send no key. */
export async function readEvents(
  path: string,
  onOpen: () => void,
  onEvent: (name: string, data: unknown) => void,
): Promise<void> {
  const response = await ask(path)
  if (!response.ok || !response.body) throw new ApiError(response.status, 'The live stream is not there.')
  onOpen()
  let rest = ''
  for await (const piece of response.body.pipeThrough(new TextDecoderStream())) {
    const events = (rest + piece).split('\n\n')
    rest = events.pop() ?? ''
    for (const event of events) {
      const match = /^event: (.+)\ndata: (.+)$/s.exec(event)
      if (match) onEvent(match[1] ?? '', JSON.parse(match[2] ?? 'null'))
    }
  }
}
