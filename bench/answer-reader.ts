const TAIL_BYTES = 256
const HEAD_END = '\r\n\r\n'
const LF = 10

type Part = 'head' | 'length' | 'size' | 'chunk' | 'trailer' | 'end'

/** Reads one HTTP/1.1 answer at a time from the pieces of a socket, keeping only its end. */
export class AnswerReader {
  status = 0
  bodyBytes = 0
  #tail: Uint8Array = Buffer.alloc(0)
  #part: Part = 'head'
  #line = ''
  #left = 0

  /** Forgets the answer before; call it when the next request goes out. */
  reset(): void {
    this.status = 0
    this.bodyBytes = 0
    this.#tail = Buffer.alloc(0)
    this.#part = 'head'
    this.#line = ''
  }

  /** Takes what the socket read; true once the answer is whole. */
  feed(piece: Buffer): boolean {
    let at = 0
    while (at < piece.length && this.#part !== 'end') at = this.#step(piece, at)
    return this.#part === 'end'
  }

  /** The last 256 bytes of the body, or what there is of it. */
  get tail(): string {
    return Buffer.from(this.#tail).toString('latin1')
  }

  #step(piece: Buffer, at: number): number {
    if (this.#part === 'head') return this.#readHead(piece, at)
    if (this.#part === 'size' || this.#part === 'trailer') return this.#readLine(piece, at)
    return this.#readBody(piece, at)
  }

  #readHead(piece: Buffer, at: number): number {
    const before = this.#line.length
    this.#line += piece.toString('latin1', at)
    const end = this.#line.indexOf(HEAD_END)
    if (end < 0) return piece.length
    const head = this.#line.slice(0, end).toLowerCase()
    this.#line = ''
    this.status = Number(head.slice(9, 12))
    this.#expectBody(head)
    return at + end + HEAD_END.length - before
  }

  #expectBody(head: string): void {
    if (/transfer-encoding: *chunked/.test(head)) {
      this.#part = 'size'
      return
    }
    this.#left = Number(/content-length: *(\d+)/.exec(head)?.[1] ?? 0)
    this.#part = this.#left > 0 ? 'length' : 'end'
  }

  #readLine(piece: Buffer, at: number): number {
    const end = piece.indexOf(LF, at)
    if (end < 0) {
      this.#line += piece.toString('latin1', at)
      return piece.length
    }
    const line = (this.#line + piece.toString('latin1', at, end)).trim()
    this.#line = ''
    this.#onLine(line)
    return end + 1
  }

  /** An empty line is the end of a chunk's data, or of the whole answer after the last chunk. */
  #onLine(line: string): void {
    if (this.#part === 'trailer') {
      if (line === '') this.#part = 'end'
    } else if (line !== '') {
      this.#left = Number.parseInt(line, 16)
      this.#part = this.#left > 0 ? 'chunk' : 'trailer'
    }
  }

  #readBody(piece: Buffer, at: number): number {
    const end = Math.min(piece.length, at + this.#left)
    this.#keepTail(piece.subarray(at, end))
    this.bodyBytes += end - at
    this.#left -= end - at
    if (this.#left === 0) this.#part = this.#part === 'length' ? 'end' : 'size'
    return end
  }

  #keepTail(body: Buffer): void {
    const joined = body.length < TAIL_BYTES ? Buffer.concat([this.#tail, body]) : body
    this.#tail = Buffer.from(joined.subarray(-TAIL_BYTES))
  }
}
