import type { Logger } from '../../core/context.ts'
import type { Watch } from '../request.ts'
import { toSpans } from './spans.ts'
import { identify } from './traceparent.ts'

export interface TracingOptions {
  /** Where spans are posted, with its path. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly serviceName: string
  readonly version: string
  /** The share of requests that begin a trace of their own, 0 … 1. */
  readonly share: number
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>
  readonly random: () => number
  readonly log: Logger
  readonly flushEveryMs?: number
}

/** Sends traces to a collector, by OTLP over HTTP in JSON. */
export interface Tracing extends Watch {
  readonly counts: { readonly exported: number; readonly dropped: number }
  /** Sends what waits, for a bounded time. */
  close(): Promise<void>
}

const MOST_WAITING = 2048
const BATCH = 256
const TIMEOUT_MS = 10_000
const CLOSE_WITHIN_MS = 3000
const RETRY_AFTER_MS = 1000
const COMPLAIN_EVERY_MS = 60_000
/** What the collector may take later (OTLP, failures that may be tried again). */
const PASSING: ReadonlySet<number> = new Set([429, 502, 503, 504])

/**
 * The spans of an ended request are written out at once and sent later: with all that belongs to it, it would stay in
 * memory till then. When the collector is slow or away, the newest ones are dropped and counted.
 */
export function createTracing(options: TracingOptions): Tracing {
  const { random, share, log, flushEveryMs = 2000 } = options
  const counts = { exported: 0, dropped: 0 }
  const resource = JSON.stringify(resourceOf(options))
  /** The spans of each request, in JSON, with commas between them. */
  let waiting: string[] = []
  let timer: ReturnType<typeof setTimeout> | undefined
  let sending: Promise<void> | undefined
  let complainedAtMs = -Infinity

  const complain = (reason: string): void => {
    if (performance.now() - complainedAtMs < COMPLAIN_EVERY_MS) return
    complainedAtMs = performance.now()
    log.warn('traces-not-exported', { error: reason, dropped: counts.dropped })
  }
  const send = async (batch: readonly string[]): Promise<void> => {
    const scopeSpans = `[{"scope":${SCOPE},"spans":[${batch.join(',')}]}]`
    const body = `{"resourceSpans":[{"resource":${resource},"scopeSpans":${scopeSpans}}]}`
    const refusal = await postPatiently(options, body)
    if (refusal === undefined) counts.exported += batch.length
    else {
      counts.dropped += batch.length
      complain(refusal.reason)
    }
  }
  const sendAll = async (): Promise<void> => {
    while (waiting.length > 0) await send(waiting.splice(0, BATCH))
  }
  const flush = (): void => {
    timer = undefined
    sending ??= sendAll().finally(() => {
      sending = undefined
    })
  }

  return {
    counts,
    begin({ trace, traceparent, context }) {
      const identity = identify(traceparent, context.id, () => random() < share)
      trace.identify(identity)
      trace.note('trace_id', identity.traceId)
    },
    end(request, ending) {
      if (request.trace.identity()?.sampled !== true) return
      if (waiting.length >= MOST_WAITING) {
        counts.dropped++
        return
      }
      waiting.push(JSON.stringify(toSpans({ request, ending })).slice(1, -1))
      timer ??= setTimeout(flush, flushEveryMs).unref()
    },
    async close() {
      clearTimeout(timer)
      flush()
      await Promise.race([sending, new Promise((resolve) => setTimeout(resolve, CLOSE_WITHIN_MS).unref())])
      waiting = []
    },
  }
}

const SCOPE = JSON.stringify({ name: 'openrouter-anthropic-server' })

const resourceOf = ({ serviceName, version }: TracingOptions): object => ({
  attributes: [
    { key: 'service.name', value: { stringValue: serviceName } },
    { key: 'service.version', value: { stringValue: version } },
    { key: 'telemetry.sdk.language', value: { stringValue: 'nodejs' } },
  ],
})

/** Why the collector did not take it, and whether it may take it later. */
interface Refusal {
  readonly reason: string
  readonly mayPass: boolean
}

/** Tries once more where that may help. */
async function postPatiently(options: TracingOptions, body: string): Promise<Refusal | undefined> {
  const refusal = await post(options, body)
  if (!refusal?.mayPass) return refusal
  await new Promise((resolve) => setTimeout(resolve, RETRY_AFTER_MS).unref())
  return post(options, body)
}

async function post({ fetch, url, headers }: TracingOptions, body: string): Promise<Refusal | undefined> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    await response.body?.cancel()
    const { ok, status } = response
    return ok ? undefined : { reason: `status ${status}`, mayPass: PASSING.has(status) }
  } catch (error) {
    return { reason: error instanceof Error ? error.message : String(error), mayPass: true }
  }
}
