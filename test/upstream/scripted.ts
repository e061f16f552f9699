import type { Batch, Upstream } from '../../src/upstream/upstream.ts'

/** What one read brings: items, a failure, or (undefined) the end. */
type Read = Batch<string> | Error | undefined
export type Script = readonly Read[]

/** An upstream whose every call reads from the next script; the last one goes on for ever. */
export function scriptedUpstream(...scripts: readonly Script[]) {
  const seen = { calls: 0, returned: 0 }
  const upstream: Upstream<string> = {
    stream() {
      const script = scripts[Math.min(seen.calls, scripts.length - 1)] ?? []
      seen.calls++
      let at = 0
      return {
        async next() {
          const read = script[at++]
          if (read instanceof Error) throw read
          return read === undefined ? { done: true, value: undefined } : { done: false, value: read }
        },
        async return() {
          seen.returned++
          return { done: true, value: undefined }
        },
        [Symbol.asyncIterator]() {
          return this
        },
      }
    },
  }
  return { upstream, seen }
}

export const CALL = { model: 'big', upstreamModel: 'a/b', stream: true, body: '{}', headers: {} } as const
