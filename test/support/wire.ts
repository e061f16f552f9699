import type { Socket } from 'bun'

/** A connection on which every byte is the test's own. */
export interface Wire {
  /** Sends text, however long, as fast as the other side takes it. */
  readonly send: (text: string | Uint8Array) => void
  /** Everything received so far. */
  readonly text: () => string
  readonly receivedBytes: () => number
  readonly isClosed: () => boolean
  readonly pause: () => void
  readonly resume: () => void
  /** Sends FIN: nothing more comes from this side. */
  readonly halfClose: () => void
  /** Resets the connection. */
  readonly drop: () => void
}

interface WireOptions {
  /** Takes what is received, piece by piece; without it, all of it is kept as text. */
  readonly take?: (piece: string) => void
}

/** Connects to a server; ready to be used when it resolves. */
export async function connect(url: string, { take }: WireOptions = {}): Promise<Wire> {
  const { hostname, port } = new URL(url)
  const decoder = new TextDecoder()
  let text = ''
  let receivedBytes = 0
  let closed = false
  let pending: Uint8Array = new Uint8Array()
  const flush = (socket: Socket): void => {
    while (pending.length > 0) {
      const written = socket.write(pending)
      if (written <= 0) return
      pending = pending.subarray(written)
    }
  }
  const socket = await Bun.connect({
    hostname,
    port: Number(port),
    socket: {
      data(_, bytes) {
        receivedBytes += bytes.byteLength
        const piece = decoder.decode(bytes, { stream: true })
        if (take) take(piece)
        else text += piece
      },
      drain: flush,
      close: () => void (closed = true),
      error: () => void (closed = true),
    },
  })
  return {
    send(piece) {
      pending = Buffer.concat([pending, typeof piece === 'string' ? Buffer.from(piece) : piece])
      flush(socket)
    },
    text: () => text,
    receivedBytes: () => receivedBytes,
    isClosed: () => closed,
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    halfClose: () => socket.shutdown(),
    drop: () => socket.terminate(),
  }
}

/** The text of an HTTP request. */
export function toRequest(method: string, path: string, body = '', headers: readonly string[] = []): string {
  const lines = [`${method} ${path} HTTP/1.1`, 'host: 127.0.0.1', ...headers]
  if (body !== '') lines.push(`content-length: ${Buffer.byteLength(body)}`)
  return `${lines.join('\r\n')}\r\n\r\n${body}`
}

/** Takes the chunks of a `transfer-encoding: chunked` response of ASCII text apart, head and all. */
export function unchunk(take: (body: string) => void): (piece: string) => void {
  let rest = ''
  let inHead = true
  let missing = 0
  return (piece) => {
    rest += piece
    if (inHead) {
      const end = rest.indexOf('\r\n\r\n')
      if (end < 0) return
      inHead = false
      rest = rest.slice(end + 2)
    }
    while (rest !== '') {
      if (missing === 0) {
        const [line, size] = /^\r\n([0-9a-f]+)\r\n/i.exec(rest) ?? []
        if (line === undefined || size === undefined) return
        rest = rest.slice(line.length)
        missing = Number.parseInt(size, 16)
        if (missing === 0) return
      }
      take(rest.slice(0, missing))
      const taken = Math.min(missing, rest.length)
      missing -= taken
      rest = rest.slice(taken)
    }
  }
}
