import type { TestUpstream } from './upstream.ts'

type Answer = TestUpstream['answer']

/** One request that reached the upstream. */
export interface Call {
  readonly body: any
  readonly headers: Headers
  /** When the caller gave it up, by `performance.now()`. */
  readonly abortedAtMs: number | undefined
}

/** A model that answers one test's requests, so that tests may run side by side on one upstream. */
export interface TestModel {
  readonly name: string
  readonly calls: readonly Call[]
  /** The only call so far. */
  readonly call: () => Call
}

/** Gives an upstream as many models as tests want, each with its own answer. */
export function modelsOf(upstream: TestUpstream): (answer: Answer, name?: string) => TestModel {
  const answers = new Map<string, Answer>()
  upstream.answer = async (body, request) => {
    const answer = answers.get(String(body['model']))
    if (answer) return answer(body, request)
    return Response.json({ error: { message: `no model ${String(body['model'])}` } }, { status: 404 })
  }
  return (answer, name = `test/model-${answers.size + 1}`) => {
    const calls: Array<{ body: any; headers: Headers; abortedAtMs: number | undefined }> = []
    answers.set(name, async (body, request) => {
      const call = { body, headers: request.headers, abortedAtMs: undefined as number | undefined }
      request.signal.addEventListener('abort', () => (call.abortedAtMs = performance.now()))
      calls.push(call)
      return answer(body, request)
    })
    return {
      name,
      calls,
      call() {
        const [only] = calls
        if (!only || calls.length > 1) throw new Error(`${name} was called ${calls.length} times, not once`)
        return only
      },
    }
  }
}
