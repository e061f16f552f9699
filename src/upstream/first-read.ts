import type { Batch, BatchStream } from './upstream.ts'

type Read<Item> = IteratorResult<Batch<Item>, undefined>

/** Where a stream stands whose first read somebody else makes. */
export interface Attempt<Item> {
  /** Reading goes on with it after the first read; it may be put in the place of another. */
  stream: BatchStream<Item>
}

/** A stream whose first read `begin` makes, by another try if it must. Every other read is the stream's own. */
export class FirstRead<Item> implements BatchStream<Item>, Attempt<Item> {
  stream: BatchStream<Item>
  readonly #begin: (attempt: Attempt<Item>) => Promise<Read<Item>>
  #isBegun = false

  constructor(stream: BatchStream<Item>, begin: (attempt: Attempt<Item>) => Promise<Read<Item>>) {
    this.stream = stream
    this.#begin = begin
  }

  async next(): Promise<Read<Item>> {
    if (this.#isBegun) return this.stream.next()
    this.#isBegun = true
    return this.#begin(this)
  }

  async return(): Promise<Read<Item>> {
    return this.stream.return()
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}
