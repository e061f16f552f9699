/** The upstream of the benchmark: `bun bench/upstream.ts`. Canned chat completions, chosen by model id. */
import { ANSWERS, type Answer } from './answers.ts'
import type { Model } from './scenarios.ts'

const SSE = { headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' } }
const JSON_TYPE = { headers: { 'content-type': 'application/json' } }
const PREFIX = 'bench/'
const WANTS_STREAM = '"stream":true'

/** The letter after `bench/` tells the answers apart: one scan of the body, no parse. */
const BY_LETTER = new Map(
  (Object.keys(ANSWERS) as Model[]).map((model) => [model.charCodeAt(PREFIX.length), ANSWERS[model]]),
)

const server = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  idleTimeout: 0,
  routes: { '/v1/chat/completions': { POST: complete } },
  fetch: () => Response.json({ data: [] }),
})
console.log(`listening on http://127.0.0.1:${server.port}`)

async function complete(request: Request): Promise<Response> {
  const body = Buffer.from(await request.arrayBuffer())
  const answer = BY_LETTER.get(body[body.indexOf(PREFIX) + PREFIX.length] ?? 0)
  if (!answer) return Response.json({ error: { code: 400, message: 'no such bench model' } }, { status: 400 })
  if (answer.whole && !body.includes(WANTS_STREAM)) return new Response(answer.whole, JSON_TYPE)
  if (!answer.paceMs) return new Response(answer.writes[0], SSE)
  return new Response(paced(answer, answer.paceMs), SSE)
}

/** One write per timer, until the last or until the reader leaves. */
function paced(answer: Answer, paceMs: (write: number) => number): ReadableStream<Uint8Array> {
  let timer: Timer | undefined
  return new ReadableStream({
    start(controller) {
      let write = 0
      const next = (): void => {
        controller.enqueue(answer.writes[write])
        write += 1
        if (write === answer.writes.length) controller.close()
        else timer = setTimeout(next, paceMs(write))
      }
      next()
    },
    cancel: () => clearTimeout(timer),
  })
}
