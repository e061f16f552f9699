import type { Caller } from '../core/caller.ts'
import { invalidRequest, Failure } from '../core/errors.ts'
import { DEFAULT_UPSTREAM } from '../core/upstream.ts'
import type { ModelInfo, ModelList } from '../wire/anthropic/models.ts'
import type { ModelRecord } from '../wire/openrouter/models.ts'
import { toCapabilities } from './capabilities.ts'
import { findTargets } from './map-model.ts'
import { checkPage, type PageQuery } from './page.ts'
import { modelFilter } from './permission.ts'
import type { NamedUpstream, Services } from './services.ts'

/** The models that a caller may ask for: aliases first, then the upstream's models, newest first. */
export async function listModels(
  query: PageQuery,
  services: Services,
  caller: Caller | undefined,
): Promise<ModelList> {
  const limit = checkPage(query)
  const allows = modelFilter(caller, services)
  const all = (await allModels(services)).filter(({ id }) => allows(id))
  const [start, end] = pageBounds(all, limit, query)
  const data = all.slice(start, end)
  return {
    data,
    has_more: query.beforeId === null ? end < all.length : start > 0,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
  }
}

function pageBounds(all: readonly ModelInfo[], limit: number, query: PageQuery): readonly [number, number] {
  if (query.afterId !== null) {
    const start = positionOf(all, query.afterId, 'after_id') + 1
    return [start, Math.min(start + limit, all.length)]
  }
  if (query.beforeId !== null) {
    const end = positionOf(all, query.beforeId, 'before_id')
    return [Math.max(0, end - limit), end]
  }
  return [0, Math.min(limit, all.length)]
}

function positionOf(all: readonly ModelInfo[], id: string, parameter: string): number {
  const at = all.findIndex((model) => model.id === id)
  if (at < 0) throw invalidRequest(`${parameter}: there is no model '${id}' in the list`)
  return at
}

/**
 * One model by its id, by an alias, or by a Claude name. One that the caller may not ask for is as unknown as one that
 * does not exist.
 */
export async function findModel(
  id: string,
  services: Services,
  caller: Caller | undefined,
): Promise<ModelInfo> {
  const found = modelFilter(caller, services)(id) ? await lookUp(id, services) : undefined
  if (found) return found
  throw new Failure('not_found_error', `model: ${id}`)
}

async function lookUp(id: string, services: Services): Promise<ModelInfo | undefined> {
  const [target] = findTargets({ model: id }, services)
  const { openrouter, catalogue } = services.upstreams.of(target.upstream)
  const record = (await catalogue.list()).find((candidate) => candidate.id === target.model)
  if (record) return toModelInfo(record, id, openrouter)
  return aliasNames(services).includes(id) ? toModelInfo({ id: target.model }, id, openrouter) : undefined
}

async function allModels(services: Services): Promise<readonly ModelInfo[]> {
  const lists = await Promise.all(services.upstreams.all.map(listUpstream))
  const found = await Promise.all(aliasNames(services).map(async (alias) => lookUp(alias, services)))
  const aliases = found.flatMap((alias) => alias ?? [])
  const known = new Set(aliases.map((alias) => alias.id))
  return [...aliases, ...lists.flat().filter(({ id }) => !known.has(id))]
}

/** One upstream's models, newest first. All but the default upstream's have its name before theirs. */
async function listUpstream({ name, openrouter, catalogue }: NamedUpstream): Promise<readonly ModelInfo[]> {
  const records = await catalogue.list()
  return records
    .toSorted((a, b) => (b.created ?? 0) - (a.created ?? 0))
    .map((record) => {
      const id = name === DEFAULT_UPSTREAM ? record.id : `${name}/${record.id}`
      return toModelInfo(record, id, openrouter)
    })
}

const aliasNames = (services: Services): readonly string[] => [
  ...new Set(['big', 'small', ...Object.keys(services.models.aliases).filter((name) => !name.includes('*'))]),
]

/** RFC 3339, whole seconds; the epoch where the upstream says nothing that makes sense. */
function toTime(seconds: number | null | undefined): string {
  const time = new Date((seconds ?? 0) * 1000)
  return (Number.isNaN(time.getTime()) ? new Date(0) : time).toISOString().replace(/\.\d+Z$/, 'Z')
}

function toModelInfo(record: ModelRecord, id: string, openrouter: boolean): ModelInfo {
  const name = record.name ?? record.id
  return {
    type: 'model',
    id,
    display_name: id === record.id ? name : `${id} (${name})`,
    created_at: toTime(record.created),
    max_input_tokens: record.context_length ?? null,
    max_tokens: record.top_provider?.max_completion_tokens ?? null,
    capabilities: toCapabilities(record, openrouter),
    lifecycle: 'active',
    deprecated_at: null,
    retires_at: null,
    line: /claude-.*?(haiku|sonnet|opus|fable|mythos)/.exec(record.id)?.[1] ?? null,
  }
}
