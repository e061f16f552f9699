import type { Database } from 'bun:sqlite'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { BatchRecord, NewItem } from '../../src/batches/batch.ts'
import { type Batches, createBatches } from '../../src/batches/batches.ts'
import { createWorkerLock } from '../../src/batches/lock.ts'
import { JSON_LINES } from '../../src/batches/results.ts'
import type { ItemContext, RunRequest } from '../../src/batches/run-request.ts'
import { BATCH_MIGRATIONS } from '../../src/batches/tables.ts'
import { plainCaller } from '../../src/core/caller.ts'
import type { Clock } from '../../src/core/clock.ts'
import type { ClientProtocol, Fields, Logger } from '../../src/core/context.ts'
import { openDatabase } from '../../src/store/database.ts'
import type { MessageResponse } from '../../src/wire/anthropic/response.ts'

export const PROTOCOL: ClientProtocol = {
  version: '2026-10-21',
  betas: ['a-beta'],
  sessionId: 'session',
  agentId: 'agent',
  route: 'route',
  cacheControl: 'no-cache',
  options: {},
}

const quiet = (): void => {}
const SILENT: Logger = { debug: quiet, info: quiet, warn: quiet, error: quiet }

/** A clock that stands still until it is moved. */
function createHandClock(startMs = 1_000_000) {
  const watchers = new Set<(nowMs: number) => void>()
  let nowMs = startMs
  const tick = (): void => {
    for (const watcher of watchers) watcher(nowMs)
  }
  return {
    now: () => nowMs,
    watch(watcher) {
      watchers.add(watcher)
      return () => watchers.delete(watcher)
    },
    tick,
    advance(ms: number) {
      nowMs += ms
      tick()
    },
  } satisfies Clock & Record<string, unknown>
}
export const answerOf = (text: string): MessageResponse =>
  ({
    type: 'message',
    content: [{ type: 'text', text }],
    usage: { input_tokens: 1 },
  }) as unknown as MessageResponse

/** One call that the test answers when it wants to. */
export interface OpenCall {
  readonly params: any
  readonly item: ItemContext
  readonly answer: (text?: string) => void
  readonly fail: (error: Error) => void
}

/** An upstream whose calls stay open until the test ends them; one that is cut off fails at once. */
export function createHandUpstream() {
  const calls: OpenCall[] = []
  const open = new Set<OpenCall>()
  const run: RunRequest = async (params, item) => {
    const { promise, resolve, reject } = Promise.withResolvers<MessageResponse>()
    const call: OpenCall = {
      params,
      item,
      answer: (text = 'fine') => resolve(answerOf(text)),
      fail: reject,
    }
    calls.push(call)
    open.add(call)
    item.signal.addEventListener('abort', () => reject(new Error('cut off')))
    return promise.finally(() => open.delete(call))
  }
  return {
    run,
    /** All calls that ever began. */
    calls,
    /** Those that have not come to an end. */
    open,
    answerAll: () => {
      for (const call of open) call.answer()
    },
  }
}

export interface LogEntry {
  readonly event: string
  readonly fields: Fields | undefined
}

/** A folder with a database, in which engines are started and stopped as processes would be. */
export function createPlace() {
  const folder = mkdtempSync(join(tmpdir(), 'batches-'))
  const path = join(folder, 'batches.db')
  const clock = createHandClock()
  const entries: LogEntry[] = []
  const engines: Batches[] = []
  const write = (event: string, fields?: Fields): void => void entries.push({ event, fields })
  const log: Logger = { debug: quiet, info: write, warn: write, error: write }
  const open = (): Database =>
    openDatabase({ path, migrations: BATCH_MIGRATIONS, stamp: () => 'now', log: SILENT })
  return {
    folder,
    path,
    clock,
    open,
    /** What was logged, at `info` and above. */
    entries,
    logged: (event: string): number => entries.filter((entry) => entry.event === event).length,
    start(run: RunRequest, options: Partial<Parameters<typeof createBatches>[0]> = {}): Batches {
      const engine = createBatches({
        open,
        isThere: () => true,
        lock: createWorkerLock(join(folder, 'batches.lock')),
        run,
        clock,
        log,
        random: () => 1,
        widths: { total: 4, perOwner: 4, perBatch: 4 },
        retries: 2,
        ...options,
      })
      engines.push(engine)
      return engine
    },
    async remove() {
      for (const engine of engines) await stopNow(engine)
      rmSync(folder, { recursive: true })
    },
  }
}

/** Stops an engine; what runs is cut off. */
export async function stopNow(engine: Batches): Promise<void> {
  await engine.stop(0)
  engine.close()
}

export const item = (customId: string, params: object = {}): NewItem => ({
  customId,
  text: Buffer.from(JSON.stringify({ custom_id: customId, params: { model: 'm', ...params } })),
})

export async function* groupsOf(...groups: ReadonlyArray<readonly NewItem[]>) {
  yield* groups
}

export const ANN = { caller: plainCaller('ann', { models: ['m'] }), protocol: PROTOCOL }
export const BOB = { caller: plainCaller('bob'), protocol: PROTOCOL }

/** Creates a batch of that many requests, named `1`, `2`, …. */
export const createBatch = async (
  engine: Batches,
  requests: number,
  creator = ANN,
  params: object = {},
): Promise<BatchRecord> =>
  engine.create(
    groupsOf(Array.from({ length: requests }, (_, index) => item(`${index + 1}`, params))),
    creator,
  )

/** The results of an ended batch by their `custom_id`. */
export async function resultsOf(engine: Batches, { id, caller }: BatchRecord): Promise<Record<string, any>> {
  const text = await new Response(await engine.results(id, caller.owner, JSON_LINES)).text()
  const rows = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  return Object.fromEntries(rows.map(({ custom_id, result }) => [custom_id, result]))
}
