import { Elysia } from 'elysia'

import type { Caller } from '../core/caller.ts'
import { invalidRequest } from '../core/errors.ts'
import { type Dimension, DIMENSIONS, type UsageQuery, type UsageRow } from '../usage/query.ts'
import type { UsageReport } from '../wire/server/usage.ts'
import { addressOf } from './address.ts'
import { apiOperation, ref } from './openapi/operation.ts'
import { json } from './respond.ts'
import { baseHeaders, route } from './route.ts'
import type { Server } from './server.ts'

/** What requests have cost: a caller's own, or everybody's for the holder of the admin key. */
export const usageRoutes = (server: Server, prefix: string) =>
  new Elysia({ name: `usage ${prefix}`, prefix }).get(
    '/usage',
    route(server, async (request, { context }) => {
      const parameters = new URLSearchParams(addressOf(request).query)
      const report = reportUsage(parameters, context.caller, server)
      const headers = { ...baseHeaders(server, request), 'request-id': context.id }
      return wantsCsv(parameters, request) ? csv(report, headers) : json(report, headers)
    }),
    { detail: GET_USAGE },
  )

const MAX_ROWS = 10_000

function reportUsage(parameters: URLSearchParams, caller: Caller | undefined, server: Server): UsageReport {
  const query = readQuery(parameters, caller, server.clock.now())
  const rows = server.ledger.query({ ...query, limit: MAX_ROWS + 1 })
  const [total = NOTHING] = server.ledger.query({ ...query, groupBy: [], limit: 1 })
  const data = rows.slice(0, MAX_ROWS).map((row) => withName(row, server))
  return {
    from: new Date(query.fromMs).toISOString(),
    to: new Date(query.toMs).toISOString(),
    group_by: [...query.groupBy],
    total,
    data,
    has_more: rows.length > MAX_ROWS,
  }
}

const NOTHING = {
  requests: 0,
  calls: 0,
  input_tokens: 0,
  cached_tokens: 0,
  cache_write_tokens: 0,
  output_tokens: 0,
  cost_usd: 0,
  estimated_cost_usd: 0,
  saved_usd: 0,
}

/** A key's mark says little to people. */
const withName = (row: UsageRow, { keys }: Server) =>
  typeof row.key === 'string'
    ? { key: row.key, key_name: keys.byId(row.key)?.name ?? null, ...row }
    : { ...row }

const DAY_MS = 86_400_000
const DEFAULT_DAYS = 30

function readQuery(
  parameters: URLSearchParams,
  caller: Caller | undefined,
  nowMs: number,
): Omit<UsageQuery, 'limit'> {
  const toMs = readTime('to', parameters, nowMs + 1)
  const fromMs = readTime('from', parameters, toMs - DEFAULT_DAYS * DAY_MS)
  if (fromMs >= toMs) throw invalidRequest('from: Input should be before to')
  const key = parameters.get('key') ?? undefined
  const owner = caller?.isAdmin ? key : caller?.owner
  return { owner, fromMs, toMs, groupBy: readGroups(parameters.get('group_by')) }
}

function readTime(name: string, parameters: URLSearchParams, otherwise: number): number {
  const text = parameters.get(name)
  if (text === null) return otherwise
  const ms = Date.parse(text)
  if (Number.isNaN(ms)) throw invalidRequest(`${name}: Input should be a valid date or datetime`)
  return ms
}

function readGroups(text: string | null): readonly Dimension[] {
  const names = (text ?? 'day').split(',').flatMap((name) => name.trim() || [])
  const wrong = names.find((name) => !Object.hasOwn(DIMENSIONS, name))
  if (wrong !== undefined)
    throw invalidRequest(
      `group_by: Input should be one of ${Object.keys(DIMENSIONS).join(', ')}; got ${JSON.stringify(wrong)}`,
    )
  return [...new Set(names as readonly Dimension[])]
}

function wantsCsv(parameters: URLSearchParams, request: Request): boolean {
  const format = parameters.get('format')
  if (format !== null && format !== 'csv' && format !== 'json')
    throw invalidRequest("format: Input should be 'csv' or 'json'")
  return format === null ? request.headers.get('accept')?.includes('text/csv') === true : format === 'csv'
}

/** RFC 4180, with the groups' columns first. */
function csv({ group_by, data }: UsageReport, headers: Record<string, string>): Response {
  const names = group_by.flatMap((name) => (name === 'key' ? ['key', 'key_name'] : [name]))
  const columns = [...names, ...Object.keys(NOTHING)]
  const lines = data.map((row) => columns.map((column) => toCell(Reflect.get(row, column))).join(','))
  return new Response(`${[columns.join(','), ...lines].join('\r\n')}\r\n`, {
    headers: { 'content-type': 'text/csv; charset=utf-8', ...headers },
  })
}

/** Spreadsheets run what begins like a formula, and clients choose some of these texts. */
function toCell(value: unknown): string {
  if (typeof value === 'number') return String(value)
  if (typeof value !== 'string') return ''
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

const query = (name: string, description: string, schema: object = { type: 'string' }) => ({
  name,
  in: 'query' as const,
  description,
  schema,
})

const GET_USAGE = apiOperation({
  operationId: 'getUsage',
  tag: 'Usage',
  summary: 'What requests have cost',
  description:
    "The caller's own usage; with the admin key, or on a server without keys, everybody's. Costs are the upstream's " +
    'own words; where it names none, the prices of its catalogue stand in, and count as estimated.',
  parameters: [
    query('from', 'A date or a time; 30 days before `to` where it is absent.'),
    query('to', 'A date or a time, not itself included; now where it is absent.'),
    query('group_by', `Of ${Object.keys(DIMENSIONS).join(', ')}, separated by commas.`, {
      type: 'string',
      default: 'day',
    }),
    query('key', 'Only the usage of the key with this mark; for the admin key.'),
    query('format', '`csv`, as the header `accept: text/csv` asks for, too.', {
      type: 'string',
      enum: ['json', 'csv'],
      default: 'json',
    }),
  ],
  answer: {
    description: 'Sums by group, at most 10,000 of them',
    content: {
      'application/json': { schema: ref('UsageReport') },
      'text/csv': { schema: { type: 'string' } },
    },
  },
})
