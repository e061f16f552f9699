import type { Clock } from '../core/clock.ts'
import { Failure } from '../core/errors.ts'
import type { RemoteBatch } from '../wire/openrouter/batches.ts'
import { errorOf } from './answer-body.ts'
import type { Fetch } from './client.ts'
import { toFailure } from './failure.ts'

export interface OpenRouterBatchesOptions {
  /** The base URL for chat completions, up to and including `/v1`. */
  readonly baseUrl: string
  readonly headers: Readonly<Record<string, string>>
  readonly fetch: Fetch
  readonly clock: Clock
}

const TIMEOUT_MS = 120_000
const NOT_FOUND = 404
const ENDED: ReadonlySet<string | null | undefined> = new Set(['completed', 'failed', 'expired', 'cancelled'])
/** The variant of a model that the endpoint takes. */
const VARIANT = ':batch'

/** OpenRouter's own batch endpoint (openrouter §1.4). All throw a `Failure`. */
export function createOpenRouterBatches(options: OpenRouterBatchesOptions) {
  const { headers, fetch, clock } = options
  const base = `${options.baseUrl.replace(/\/v1$/, '')}/beta/batches`

  const ask = async (path: string, method: string, body?: string): Promise<Response> => {
    try {
      const signal = AbortSignal.timeout(TIMEOUT_MS)
      return await fetch(base + path, { method, headers, signal, ...(body === undefined ? {} : { body }) })
    } catch (error) {
      throw new Failure('api_error', "the upstream's batch endpoint cannot be reached", { cause: error })
    }
  }
  const refusalOf = async (response: Response, model: string): Promise<Failure> => {
    const { status, headers: received } = response
    const error = errorOf(await response.text())
    return toFailure({ status, error, retryAfter: received.get('retry-after'), model }, clock.now())
  }

  return {
    /** Hands calls over; resolves to the id of the batch. */
    async submit(
      model: string,
      calls: ReadonlyArray<{ readonly id: string; readonly body: string }>,
    ): Promise<string> {
      const requests = calls.map(({ id, body }) => `{"custom_id":${JSON.stringify(id)},"body":${body}}`)
      // In this order: the endpoint reads the body while it comes.
      const head = `"endpoint":"/v1/chat/completions","model":${JSON.stringify(model + VARIANT)}`
      const response = await ask('', 'POST', `{${head},"requests":[${requests.join(',')}]}`)
      if (!response.ok) throw await refusalOf(response, model)
      const { id } = (await response.json()) as RemoteBatch
      if (!id) throw new Failure('api_error', "the upstream's batch endpoint gave no id")
      return id
    },
    /** What has become of a batch, with the completions that there are, by the ids of their calls. */
    async read(remoteId: string) {
      const response = await ask(`/${encodeURIComponent(remoteId)}`, 'GET')
      if (response.status === NOT_FOUND) return { type: 'missing' } as const
      if (!response.ok) throw await refusalOf(response, remoteId)
      const batch = (await response.json()) as RemoteBatch
      return ENDED.has(batch.status)
        ? ({ type: 'ended', completions: completionsOf(batch) } as const)
        : ({ type: 'running' } as const)
    },
    async cancel(remoteId: string): Promise<void> {
      const response = await ask(`/${encodeURIComponent(remoteId)}/cancel`, 'POST')
      if (!response.ok) throw await refusalOf(response, remoteId)
    },
  }
}

function completionsOf({ results }: RemoteBatch): ReadonlyMap<string, string> {
  const completions = new Map<string, string>()
  for (const result of results ?? []) {
    const { custom_id: id, response, error } = result ?? {}
    const { status_code: status = 200, body } = response ?? {}
    if (id && !error && body && !body.error && status === 200) completions.set(id, JSON.stringify(body))
  }
  return completions
}
