import { Elysia } from 'elysia'

import { Failure, invalidRequest } from '../core/errors.ts'
import type { RunFilter } from '../runs/query.ts'
import type { RunStore } from '../runs/store.ts'
import { type Grouping, GROUPINGS } from '../runs/summary.ts'
import { addressOf } from './address.ts'
import { adminRoute } from './admin-route.ts'
import { liveRuns } from './live-runs.ts'
import {
  FIND_RUN,
  GET_RECORDING,
  LIST_ACTIVE_RUNS,
  LIST_RUNS,
  SUMMARISE_RUNS,
  WATCH_RUNS,
} from './openapi/runs.ts'
import { json } from './respond.ts'
import type { Server } from './server.ts'

/** The history of runs, and those under way. */
export const runsRoutes = (server: Server) =>
  new Elysia({ name: 'runs', prefix: '/admin/runs' })
    .get(
      '/',
      adminRoute(server, async (request) => json(listRuns(server, request))),
      { detail: LIST_RUNS },
    )
    .get(
      '/live',
      adminRoute(server, async (request) => liveRuns(server, request)),
      { detail: WATCH_RUNS },
    )
    .get(
      '/active',
      adminRoute(server, async () => json(server.runs.active())),
      { detail: LIST_ACTIVE_RUNS },
    )
    .get(
      '/summary',
      adminRoute(server, async (request) => json(summarise(server, request))),
      {
        detail: SUMMARISE_RUNS,
      },
    )
    .get(
      '/:run_id',
      adminRoute(server, async (request) => json(findRun(server, request))),
      {
        detail: FIND_RUN,
      },
    )
    .get(
      '/:run_id/recording',
      adminRoute(server, async (request) => json(findRecording(server, request))),
      {
        detail: GET_RECORDING,
      },
    )

function storeOf({ runs }: Server): RunStore {
  runs.flush()
  if (!runs.store) throw new Failure('not_found_error', 'No history is kept; set RUNS_KEPT to more than 0')
  return runs.store
}

const queryOf = (request: Request): URLSearchParams => new URLSearchParams(addressOf(request).query)

const filterOf = (query: URLSearchParams): RunFilter => ({
  outcome: query.get('outcome') ?? undefined,
  model: query.get('model') ?? undefined,
  key: query.get('key') ?? undefined,
  conversation: query.get('conversation') ?? undefined,
  batch: query.get('batch') ?? undefined,
  text: query.get('q')?.slice(0, 200),
})

const MAX_LIMIT = 200

function listRuns(server: Server, request: Request) {
  const query = queryOf(request)
  const limit = wholeOf(query, 'limit', 50, MAX_LIMIT)
  const before = query.has('before') ? wholeOf(query, 'before', 0, Number.MAX_SAFE_INTEGER) : undefined
  return storeOf(server).list({ ...filterOf(query), limit, before })
}

const DAY_MS = 86_400_000
const MAX_HOURS = 24 * 366

function summarise(server: Server, request: Request) {
  const query = queryOf(request)
  const toMs = server.clock.now()
  const fromMs = toMs - (wholeOf(query, 'hours', 24, MAX_HOURS) / 24) * DAY_MS
  const by = query.get('by') ?? 'model'
  if (!isGrouping(by)) throw invalidRequest(`by: Input should be one of ${GROUPINGS.join(', ')}`)
  return storeOf(server).summarise({ ...filterOf(query), fromMs, toMs: toMs + 1, by })
}

const isGrouping = (word: string): word is Grouping => (GROUPINGS as readonly string[]).includes(word)

function wholeOf(query: URLSearchParams, name: string, otherwise: number, most: number): number {
  const text = query.get(name)
  if (text === null) return otherwise
  const value = Number(text)
  if (!/^\d+$/.test(text) || value < 1 || value > most)
    throw invalidRequest(`${name}: Input should be a whole number from 1 to ${most}`)
  return value
}

function findRun(server: Server, request: Request) {
  const id = idOf(request)
  return storeOf(server).find(id) ?? notFound(id)
}

function findRecording(server: Server, request: Request) {
  const id = idOf(request)
  const recording = storeOf(server).recording(id)
  if (recording) return recording
  throw new Failure(
    'not_found_error',
    `What was said in run ${id} is not kept; RECORD_BODIES=true keeps it from then on`,
  )
}

const idOf = (request: Request): string =>
  addressOf(request)
    .path.split('/')[3]
    ?.replace(/[^\w-]/g, '')
    .slice(0, 100) ?? ''

function notFound(id: string): never {
  throw new Failure('not_found_error', `There is no run ${id} in the history`)
}
