import { Elysia } from 'elysia'

import { Failure, invalidRequest } from '../core/errors.ts'
import {
  type BatchOverview,
  type ModelOverview,
  type ServerOverview,
  SwitchModelsRequest,
  type UpstreamOverview,
} from '../wire/server/operation.ts'
import { addressOf } from './address.ts'
import { adminRoute } from './admin-route.ts'
import { readJson } from './body.ts'
import { checkBody } from './check.ts'
import {
  CANCEL_ANY_BATCH,
  GET_OVERVIEW,
  LIST_ALL_BATCHES,
  LIST_ALL_MODELS,
  LIST_UPSTREAMS,
  SWITCH_MODELS,
} from './openapi/admin.ts'
import { json } from './respond.ts'
import type { Server } from './server.ts'

/** What the dashboard shows beside the runs, and the little that it can change. */
export const adminRoutes = (server: Server) =>
  new Elysia({ name: 'admin', prefix: '/admin' })
    .get(
      '/overview',
      adminRoute(server, async () => json(overviewOf(server))),
      { detail: GET_OVERVIEW },
    )
    .get(
      '/upstreams',
      adminRoute(server, async () => json(await upstreamsOf(server))),
      { detail: LIST_UPSTREAMS },
    )
    .get(
      '/models',
      adminRoute(server, async () => json(await modelsOf(server))),
      { detail: LIST_ALL_MODELS },
    )
    .put(
      '/models',
      adminRoute(server, async (request) => json(await switchModels(server, request))),
      { detail: SWITCH_MODELS, parse: 'none' },
    )
    .get(
      '/batches',
      adminRoute(server, async () => json(await batchesOf(server))),
      { detail: LIST_ALL_BATCHES },
    )
    .post(
      '/batches/:batch_id/cancel',
      adminRoute(server, async (request) => json(await cancelBatch(server, request))),
      { detail: CANCEL_ANY_BATCH, parse: 'none' },
    )

const overviewOf = ({ name, version, about, record, clock }: Server): ServerOverview => ({
  service: name,
  version,
  environment: about.environment,
  started_at: new Date(clock.now() - process.uptime() * 1000).toISOString(),
  demo: about.demo,
  recording: record !== undefined,
  features: about.features,
})

const HOUR_MS = 3_600_000

async function upstreamsOf({ about, services, runs, breakers, clock }: Server): Promise<UpstreamOverview> {
  runs.flush()
  const nowMs = clock.now()
  const sums =
    runs.store?.summarise({ fromMs: nowMs - HOUR_MS, toMs: nowMs + 1, by: 'upstream' }).groups ?? []
  const failed = runs.store?.list({ limit: 200, outcome: 'error', fromMs: nowMs - HOUR_MS }).data ?? []
  const data = about.upstreams.map(async ({ name, base_url, wire, dialect }) => {
    const sum = sums.find((group) => group.name === name)
    const last = failed.find((run) => run.upstream === name)
    return {
      name,
      base_url,
      wire,
      dialect,
      models: (await services.upstreams.of(name).catalogue.list()).length,
      runs: sum?.runs ?? 0,
      errors: sum?.errors ?? 0,
      last_error: last?.error ?? null,
      last_error_at: last?.started_at ?? null,
    }
  })
  return {
    data: await Promise.all(data),
    breakers: breakers().map(({ opensUntilMs, ...breaker }) => ({
      ...breaker,
      open_until: opensUntilMs === undefined ? null : new Date(opensUntilMs).toISOString(),
    })),
  }
}

async function modelsOf({ about, services, switched }: Server): Promise<ModelOverview> {
  const lists = services.upstreams.all.map(async ({ name, catalogue }) =>
    (await catalogue.list()).map((record) => ({
      id: record.id,
      name: record.name ?? record.id,
      upstream: name,
      context_tokens: record.context_length ?? null,
      input_usd_per_million: perMillion(record.pricing?.prompt),
      output_usd_per_million: perMillion(record.pricing?.completion),
    })),
  )
  return {
    ...about.models,
    switched: Object.keys(switched.models).length > 0,
    catalogue: (await Promise.all(lists)).flat(),
  }
}

const perMillion = (usdPerToken: string | null | undefined): number | null => {
  const usd = Number(usdPerToken ?? Number.NaN) * 1e6
  return Number.isFinite(usd) && usd >= 0 ? Math.round(usd * 1e4) / 1e4 : null
}

async function switchModels(server: Server, request: Request): Promise<ModelOverview> {
  const body = await readJson(request, server.maxBodyBytes)
  checkBody(SwitchModelsRequest, body)
  for (const [alias, model] of Object.entries({ big: body.big, small: body.small })) {
    if (model === 'big' || model === 'small')
      throw invalidRequest(`${alias}: an alias cannot stand for an alias`)
    if (model !== undefined) server.switched.change(alias as 'big' | 'small', model ?? undefined)
  }
  server.log.info('models-switched', { big: server.about.models.big, small: server.about.models.small })
  return modelsOf(server)
}

const MOST_BATCHES = 100

async function batchesOf({ batches }: Server): Promise<BatchOverview> {
  const { running, requestsPerSecond } = await batches.stats()
  const records = await batches.recent(MOST_BATCHES)
  return {
    running,
    requests_per_second: requestsPerSecond,
    data: records.map(({ id, caller, state, total, counts, createdAtMs, endedAtMs }) => ({
      id,
      key: caller.owner,
      state,
      total,
      ...counts,
      created_at: new Date(createdAtMs).toISOString(),
      ended_at: endedAtMs === undefined ? null : new Date(endedAtMs).toISOString(),
    })),
  }
}

async function cancelBatch(server: Server, request: Request): Promise<BatchOverview> {
  const id = addressOf(request).path.split('/')[3] ?? ''
  const record = (await server.batches.recent(MOST_BATCHES)).find((batch) => batch.id === id)
  if (!record) throw new Failure('not_found_error', `Message Batch ${id} not found.`)
  await server.batches.cancel(id, record.caller.owner)
  return batchesOf(server)
}
