import type { Socket, TCPSocketListener } from 'bun'

/** An upstream made of bytes: what it does with a request is the name of the model that it is asked for. */
export interface BadUpstream extends AsyncDisposable {
  /** For OPENROUTER_BASE_URL. */
  readonly baseUrl: string
  /** Connections that are open at present, but for those that wait for another request after a complete answer. */
  readonly open: () => number
  /** Requests so far. */
  readonly calls: () => number
}

/** One connection and what it is to be sent. */
interface Line {
  /** Sends bytes as fast as the other side takes them. */
  readonly send: (bytes: string | Uint8Array) => void
  /** Sends FIN behind all that was sent. */
  readonly end: () => void
  /** The answer is complete: the connection may be used again. */
  readonly done: () => void
  /** Resets the connection. */
  readonly reset: () => void
  /** Does something every so often until the connection is closed. */
  readonly every: (ms: number, act: () => void) => void
}

type Fault = (line: Line) => void

const HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n'
const STREAM = `${HEAD}transfer-encoding: chunked\r\n\r\n`
/** A body that lasts until the connection ends. */
const OPEN_END = `${HEAD}connection: close\r\n\r\n`

const chunked = (text: string): string => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`
const event = (chunk: object): string => `data: ${JSON.stringify(chunk)}\n\n`
const words = (content: string): string => event({ choices: [{ index: 0, delta: { content } }] })
const FINISH = `${event({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }], usage: { prompt_tokens: 5, completion_tokens: 2 } })}data: [DONE]\n\n`

const whole = (status: string, type: string, body: string | Uint8Array, more = ''): Fault => {
  const length = typeof body === 'string' ? Buffer.byteLength(body) : body.byteLength
  return ({ send, done }) => {
    send(`HTTP/1.1 ${status}\r\ncontent-type: ${type}\r\ncontent-length: ${length}\r\n${more}\r\n`)
    send(body)
    done()
  }
}
const refusal = (status: string, more = ''): Fault =>
  whole(status, 'application/json', JSON.stringify({ error: { message: `it is ${status}` } }), more)

const HUGE = new Uint8Array(1024 * 1024).fill(120)
const noise = (bytes: number): Uint8Array => {
  let seed = 42
  return Uint8Array.from(
    { length: bytes },
    () => (seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648) & 255,
  )
}

/** What can go wrong, by name. `good` is how it should be. */
export const FAULTS = {
  good: ({ send, done }) => {
    send(STREAM + chunked(words('Hello')) + chunked(FINISH) + chunked(''))
    done()
  },
  'reset-at-once': ({ reset }) => reset(),
  'close-at-once': ({ end }) => end(),
  'hang-before-headers': () => {},
  'half-headers-then-hang': ({ send }) => send('HTTP/1.1 200 OK\r\ncontent-ty'),
  'half-headers-then-close': ({ send, end }) => {
    send('HTTP/1.1 200 OK\r\ncontent-ty')
    end()
  },
  'no-http': ({ send, end }) => {
    send('220 mail.example.com ESMTP\r\n')
    end()
  },
  'hang-after-headers': ({ send }) => send(STREAM),
  'close-after-headers': ({ send, end }) => {
    send(STREAM)
    end()
  },
  'reset-after-headers': ({ send, reset }) => {
    send(STREAM)
    setTimeout(reset, 20)
  },
  'hang-after-words': ({ send }) => send(STREAM + chunked(words('Hello'))),
  'close-after-words': ({ send, end }) => {
    send(STREAM + chunked(words('Hello')))
    end()
  },
  'reset-after-words': ({ send, reset }) => {
    send(STREAM + chunked(words('Hello')))
    setTimeout(reset, 20)
  },
  'end-without-finish': ({ send, done }) => {
    send(STREAM + chunked(words('Hello')) + chunked(''))
    done()
  },
  'half-chunk': ({ send, end }) => {
    send(`${STREAM}ff\r\n${words('Hello').slice(0, 20)}`)
    end()
  },
  'half-event': ({ send, end }) => {
    send(OPEN_END + words('Hello') + words('world').slice(0, 15))
    end()
  },
  'bad-chunk-size': ({ send }) => send(`${STREAM}zz\r\n${words('Hello')}\r\n`),
  garbage: ({ send, end }) => {
    send(OPEN_END)
    send(noise(10_000))
    end()
  },
  'garbage-after-words': ({ send }) => send(STREAM + chunked(words('Hello')) + chunked('data: {{{\n\n')),
  'error-after-words': ({ send, done }) => {
    send(
      STREAM +
        chunked(words('Hello')) +
        chunked(event({ error: { code: 502, message: 'died' } })) +
        chunked(''),
    )
    done()
  },
  'web-page': whole('200 OK', 'text/html', '<html><title>Sign in to the network</title></html>'),
  'wrong-type': whole('200 OK', 'image/png', noise(500)),
  'empty-body': whole('200 OK', 'application/json', ''),
  'empty-json': whole('200 OK', 'application/json', '{}'),
  'no-content': ({ send, done }) => {
    send('HTTP/1.1 204 No Content\r\n\r\n')
    done()
  },
  redirect: whole('302 Found', 'text/plain', '', 'location: http://192.0.2.1/v1/chat/completions\r\n'),
  'bad-gzip': whole('200 OK', 'application/json', noise(500), 'content-encoding: gzip\r\n'),
  'cut-gzip': whole(
    '200 OK',
    'application/json',
    Bun.gzipSync(new TextEncoder().encode(words('Hello').repeat(50))).subarray(0, 40),
    'content-encoding: gzip\r\n',
  ),
  'slow-drip': ({ send, every }) => {
    send(OPEN_END)
    every(50, () => send(':'))
  },
  'endless-comments': ({ send, every }) => {
    send(OPEN_END)
    every(50, () => send(': OPENROUTER PROCESSING\n\n'))
  },
  'endless-words': ({ send, every }) => {
    send(OPEN_END)
    every(50, () => send(words('and ')))
  },
  'endless-line': ({ send, every }) => {
    send(`${OPEN_END}data: `)
    every(2, () => send(HUGE))
  },
  'endless-error': ({ send, every }) => {
    send('HTTP/1.1 500 Oh\r\ncontent-type: text/plain\r\nconnection: close\r\n\r\n')
    every(2, () => send(HUGE))
  },
  'too-many-requests': refusal('429 Too Many Requests', 'retry-after: 7\r\n'),
  'out-of-money': refusal('402 Payment Required'),
  'bad-key': refusal('401 Unauthorized'),
  'server-error': refusal('500 Internal Server Error'),
  'bad-gateway': whole('502 Bad Gateway', 'text/html', '<html><title>502 Bad Gateway</title></html>'),
  overloaded: refusal('529 Overloaded'),
  'odd-status': refusal('777 Lucky'),
} as const satisfies Readonly<Record<string, Fault>>
export type FaultName = keyof typeof FAULTS

export const modelFor = (fault: FaultName): string => `fault/${fault}`

interface Connection {
  received: string
  pending: Uint8Array
  ending: boolean
  idle: boolean
  timers: Array<ReturnType<typeof setInterval>>
}

/** Starts it on a free port of the loopback. */
export function startBadUpstream(): BadUpstream {
  const sockets = new Set<Socket<Connection>>()
  let calls = 0

  const flush = (socket: Socket<Connection>): void => {
    const { data } = socket
    while (data.pending.length > 0) {
      const written = socket.write(data.pending)
      if (written <= 0) return
      data.pending = data.pending.subarray(written)
    }
    if (data.ending) socket.end()
  }
  const lineOf = (socket: Socket<Connection>): Line => ({
    send(bytes) {
      // Whoever does not read must not fill the memory of this end.
      if (socket.data.pending.length > 4 * HUGE.length) return
      socket.data.pending = Buffer.concat([
        socket.data.pending,
        typeof bytes === 'string' ? Buffer.from(bytes) : bytes,
      ])
      flush(socket)
    },
    end() {
      socket.data.ending = true
      flush(socket)
    },
    done: () => void (socket.data.idle = true),
    reset: () => socket.terminate(),
    every: (ms, act) => void socket.data.timers.push(setInterval(act, ms)),
  })
  const listener: TCPSocketListener<Connection> = Bun.listen<Connection>({
    hostname: '127.0.0.1',
    port: 0,
    data: { received: '', pending: new Uint8Array(), ending: false, idle: true, timers: [] },
    socket: {
      open(socket) {
        socket.data = { received: '', pending: new Uint8Array(), ending: false, idle: true, timers: [] }
        sockets.add(socket)
      },
      data(socket, bytes) {
        socket.data.received += Buffer.from(bytes).toString('latin1')
        const request = takeRequest(socket.data)
        if (!request) return
        const line = lineOf(socket)
        socket.data.idle = false
        if (!request.head.startsWith('POST ')) return whole('200 OK', 'application/json', '{"data":[]}')(line)
        calls++
        const name = /"model":"fault\/([a-z-]+)"/.exec(request.body)?.[1] ?? 'good'
        const fault: Fault = FAULTS[name as FaultName]
        return fault(line)
      },
      drain: flush,
      close(socket) {
        sockets.delete(socket)
        for (const timer of socket.data.timers) clearInterval(timer)
      },
      error() {},
    },
  })
  return {
    baseUrl: `http://127.0.0.1:${listener.port}/v1`,
    open: () => [...sockets].filter(({ data }) => !data.idle).length,
    calls: () => calls,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.terminate()
      listener.stop(true)
    },
  }
}

/** The next request that has arrived in full. */
function takeRequest(connection: Connection): { readonly head: string; readonly body: string } | undefined {
  const end = connection.received.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const head = connection.received.slice(0, end)
  const length = Number(/^content-length: (\d+)$/im.exec(head)?.[1] ?? 0)
  const total = end + 4 + length
  if (connection.received.length < total) return undefined
  const body = connection.received.slice(end + 4, total)
  connection.received = connection.received.slice(total)
  return { head, body }
}
