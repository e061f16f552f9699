import type { MessageBatch, MessageBatchList } from '../../wire/anthropic/batches.ts'
import type { ShortBatchProgress } from '../../wire/server/batches.ts'
import type { RunningServer } from '../running-server.ts'

/** The batches of a running server. Every call may fail with a `CommandFailure`. */
export interface BatchClient {
  /** The newest ones, newest first. */
  newest(): Promise<readonly MessageBatch[]>
  progress(id: string): Promise<ShortBatchProgress>
  cancel(id: string): Promise<MessageBatch>
}

export const createBatchClient = (server: RunningServer): BatchClient => ({
  async newest() {
    const response = await server.ask('/v1/messages/batches?limit=50')
    return ((await response.json()) as MessageBatchList).data
  },
  async progress(id) {
    const response = await server.ask(`/v1/messages/batch/${encodeURIComponent(id)}/status?results=false`)
    return (await response.json()) as ShortBatchProgress
  },
  async cancel(id) {
    const path = `/v1/messages/batches/${encodeURIComponent(id)}/cancel`
    return (await (await server.ask(path, { method: 'POST' })).json()) as MessageBatch
  },
})
