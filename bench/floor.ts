/** The floor of the benchmark: `bun bench/floor.ts UPSTREAM_ORIGIN`. What any proxy on Bun must at least pay. */
const upstreamOrigin = process.argv[2]
if (!upstreamOrigin) throw new Error('usage: bun bench/floor.ts UPSTREAM_ORIGIN')
const target = `${upstreamOrigin}/v1/chat/completions`

const server = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  idleTimeout: 0,
  routes: {
    '/v1/chat/completions': { POST: async (request) => pass(request, await request.arrayBuffer()) },
    '/reparse/chat/completions': {
      POST: async (request) => pass(request, JSON.stringify(JSON.parse(await request.text()))),
    },
  },
})
console.log(`listening on http://127.0.0.1:${server.port}`)

async function pass(request: Request, body: ArrayBuffer | string): Promise<Response> {
  const answer = await fetch(target, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: request.headers.get('authorization') ?? '',
    },
    body,
  })
  const type = answer.headers.get('content-type') ?? 'application/octet-stream'
  return new Response(answer.body, { status: answer.status, headers: { 'content-type': type } })
}
