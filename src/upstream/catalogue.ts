import type OpenAI from 'openai'

import type { Clock } from '../core/clock.ts'
import type { Logger } from '../core/context.ts'
import type { ModelRecord } from '../wire/openrouter/models.ts'
import type { Fetch } from './client.ts'

export interface CatalogueOptions {
  readonly baseUrl: string
  readonly apiKey: string | undefined
  readonly fetch: Fetch
  readonly clock: Clock
  readonly ttlMs: number
  readonly log: Logger
}

/** The upstream's models. What was read once stays usable while the upstream is down. */
export interface Catalogue {
  /**
   * Starts the first reading of the list and resolves when it has come or failed, after a second at the latest;
   * undefined when there is nothing to wait for any more. What is asked before knows no model's limits.
   */
  ready(): Promise<void> | undefined
  /** The record of a model as far as it is known by now; never waits. Starts a refresh when the list is old. */
  record(model: string): ModelRecord | undefined
  /** The list, fresh where the upstream answers in time, else the last known one (empty before the first). */
  list(): Promise<readonly ModelRecord[]>
}

/** Claude Code gives a model list three seconds. */
const LIST_TIMEOUT_MS = 2000
/** How long the first requests wait for the list at most. */
const FIRST_LIST_WAIT_MS = 1000
/** How soon a failed refresh is tried again. */
const RETRY_AFTER_MS = 30_000

export function createCatalogue(options: CatalogueOptions): Catalogue {
  let records: ReadonlyMap<string, ModelRecord> = new Map()
  let freshUntilMs = 0
  let refreshing: Promise<void> | undefined
  let firstList: Promise<void> | undefined
  let isReady = false

  const refresh = async (): Promise<void> => {
    try {
      const list = await fetchModels(options)
      records = new Map(list.map((record) => [record.id, record]))
      freshUntilMs = options.clock.now() + options.ttlMs
    } catch (error) {
      freshUntilMs = options.clock.now() + Math.min(options.ttlMs, RETRY_AFTER_MS)
      options.log.warn('catalogue-unreachable', { error, known_models: records.size })
    } finally {
      refreshing = undefined
    }
  }
  const refreshWhenOld = (): Promise<void> | undefined => {
    if (options.clock.now() >= freshUntilMs) refreshing ??= refresh()
    return refreshing
  }

  const waitForFirst = async (): Promise<void> => {
    const limit = timeLimit(options.clock, FIRST_LIST_WAIT_MS)
    await Promise.race([refreshWhenOld(), limit.passed])
    limit.clear()
    isReady = true
  }

  return {
    ready(): Promise<void> | undefined {
      return isReady ? undefined : (firstList ??= waitForFirst())
    },
    record(model) {
      void refreshWhenOld()
      return records.get(model) ?? records.get(model.replace(/:[a-z]+$/, ''))
    },
    async list() {
      await refreshWhenOld()
      return [...records.values()]
    },
  }
}

/** A promise for a later time, which `clear` takes back. */
function timeLimit(clock: Clock, ms: number): { passed: Promise<void>; clear: () => void } {
  const { promise: passed, resolve } = Promise.withResolvers<void>()
  const endMs = clock.now() + ms
  const clear = clock.watch((nowMs) => {
    if (nowMs >= endMs) resolve()
  })
  return { passed, clear }
}

/** A cold call, so the openai client may make it; it is loaded only when it is needed. */
async function fetchModels(options: CatalogueOptions): Promise<readonly ModelRecord[]> {
  const { OpenAI: Client } = await import('openai')
  const client: OpenAI = new Client({
    apiKey: options.apiKey ?? 'none',
    baseURL: options.baseUrl,
    maxRetries: 0,
    timeout: LIST_TIMEOUT_MS,
    fetch: async (input, init) =>
      options.fetch(input instanceof Request ? input.url : String(input), init as BunFetchRequestInit),
  })
  const answer: { data?: unknown } = await client.get('/models')
  return Array.isArray(answer.data) ? answer.data.filter(isRecord) : []
}

const isRecord = (value: unknown): value is ModelRecord =>
  typeof value === 'object' && value !== null && 'id' in value && typeof value.id === 'string'
