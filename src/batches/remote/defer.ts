import type { NamedUpstream, Services } from '../../messages/services.ts'
import type { Chunk } from '../../wire/openrouter/chunk.ts'
import { Deferred, type RemoteOutcome, toRemoteCall } from './call.ts'

type Chat = NamedUpstream['chat']
type Stream = ReturnType<Chat['stream']>

/**
 * Services for one request of a batch, whose first call may be handed over. What has no outcome yet is `Deferred`, if
 * the endpoint takes it. Further calls of the same request, such as those after a tool, are made as always: what went
 * before them must not happen twice.
 */
export function deferFirstCall(services: Services, outcome: RemoteOutcome | undefined): Services {
  if (outcome?.type === 'refused') return services
  const { upstreams } = services
  let isFirst = true
  const takeTurn = (): boolean => {
    const turn = isFirst
    isFirst = false
    return turn
  }
  const handOver = (upstream: NamedUpstream): Chat => ({
    stream(call, signal) {
      if (!takeTurn()) return upstream.chat.stream(call, signal)
      if (outcome) return streamOf(async () => [JSON.parse(outcome.completion) as Chunk, '[DONE]'])
      const remote = Object.keys(call.headers).length > 0 ? undefined : toRemoteCall(upstream.name, call.body)
      if (!remote) return upstream.chat.stream(call, signal)
      return streamOf(async () => {
        throw new Deferred(remote)
      })
    },
  })
  const of = (name: string): NamedUpstream => {
    const upstream = upstreams.of(name)
    return upstream.openrouter ? { ...upstream, chat: handOver(upstream) } : upstream
  }
  return { ...services, upstreams: { ...upstreams, of } }
}

const OVER = { done: true, value: undefined } as const

/** A stream of one batch. */
function streamOf(read: () => Promise<ReadonlyArray<Chunk | '[DONE]'>>): Stream {
  let isRead = false
  return {
    async next() {
      if (isRead) return OVER
      isRead = true
      return { done: false, value: await read() }
    },
    async return() {
      isRead = true
      return OVER
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}
