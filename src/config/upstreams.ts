import { DEFAULT_UPSTREAM } from '../core/upstream.ts'
import { type ConfigFile, locate } from './file.ts'
import * as kinds from './kinds.ts'
import type { Machine } from './machine.ts'
import { quote, type Report } from './problem.ts'
import type { SettingField, Config } from './schema.ts'
import { type Kept, reveal } from './secrets.ts'
import {
  labelOf,
  placeOf,
  readCell,
  readRow,
  type Row,
  subtable,
  subtables,
  type Table,
  topTable,
} from './table.ts'
import type { UpstreamConfig } from './tables.ts'

/** What a table may say of every upstream. */
const COLUMNS = {
  wire: { kind: kinds.choice('chat', 'messages') },
  dialect: { kind: kinds.choice('openrouter', 'openai') },
  models: { kind: kinds.modelPatterns },
  connect_timeout: { kind: kinds.positiveSeconds },
  request_timeout: { kind: kinds.positiveSeconds },
  first_byte_timeout: { kind: kinds.positiveSeconds },
  idle_timeout: { kind: kinds.positiveSeconds },
} as const

/** What says where an upstream is, and who asks. The default one has settings for that. */
const ADDRESS_COLUMNS = {
  base_url: { kind: kinds.baseUrl },
  api_key: { kind: kinds.key, secret: true },
  api_key_env: { kind: kinds.variable, secret: true },
} as const

/** Every key that a table of `[upstreams]` may have. */
export const UPSTREAM_KEYS = [...Object.keys(ADDRESS_COLUMNS), ...Object.keys(COLUMNS), 'headers']

/** One table of `[upstreams]`, as far as it is right. */
export interface UpstreamTable extends Row<typeof COLUMNS> {
  readonly name: string
  readonly baseUrl: string | undefined
  readonly apiKey: string | undefined
  readonly headers: Readonly<Record<string, string>>
}

/** The file's `[upstreams]`, in its order. What is wrong is reported. */
export function readUpstreams(
  file: ConfigFile,
  env: Machine['env'],
  report: Report,
): readonly UpstreamTable[] {
  const top = topTable(file, 'upstreams', report)
  if (!top) return []
  checkNames(top, report)
  return subtables(top, report).map((table) => readUpstream(table, env, report))
}

const NAME = /^[a-z0-9-]+$/

function checkNames(top: Table, report: Report): void {
  for (const name of Object.keys(top.values).filter((key) => !NAME.test(key)))
    report(
      `upstreams: ${quote(name)} is no name for an upstream ${placeOf(top, name)}; ` +
        'allowed: lower-case letters, digits and hyphens',
    )
}

function readUpstream(table: Table, env: Machine['env'], report: Report): UpstreamTable {
  const name = table.path.at(-1) ?? ''
  const address = name === DEFAULT_UPSTREAM ? refuseAddress(table, report) : readAddress(table, env, report)
  const others = [...Object.keys(ADDRESS_COLUMNS), 'headers']
  return {
    ...readRow(table, COLUMNS, others, report),
    ...address,
    name,
    headers: readHeaders(subtable(table, 'headers', report), report),
  }
}

type Address = Pick<UpstreamTable, 'baseUrl' | 'apiKey'>

/** The settings that stand for the default upstream's keys. */
const SETTING_OF = {
  base_url: 'OPENROUTER_BASE_URL',
  api_key: 'OPENROUTER_API_KEY',
  api_key_env: 'OPENROUTER_API_KEY',
} as const

function refuseAddress(table: Table, report: Report): Address {
  for (const [key, setting] of Object.entries(SETTING_OF))
    if (key in table.values)
      report(`${labelOf([...table.path, key])}: is ${setting} for this upstream ${placeOf(table, key)}`)
  return { baseUrl: undefined, apiKey: undefined }
}

function readAddress(table: Table, env: Machine['env'], report: Report): Address {
  const { base_url, api_key, api_key_env } = ADDRESS_COLUMNS
  const baseUrl = readCell(table, 'base_url', base_url, report)
  if (!('base_url' in table.values))
    report(`${labelOf(table.path)}: needs base_url, ${base_url.kind.allowed} (from ${locateTable(table)})`)
  const key = readCell(table, 'api_key', api_key, report)
  const variable = readCell(table, 'api_key_env', api_key_env, report)
  if (key !== undefined && variable !== undefined)
    report(`${labelOf(table.path)}: has api_key and api_key_env ${placeOf(table, 'api_key_env')}; give one`)
  return { baseUrl, apiKey: variable === undefined ? key : readVariable(table, variable, env, report) }
}

const locateTable = ({ file, path }: Table): string => locate(file, ...path)

/** The key that the environment holds. Neither the variable's name is shown nor its value: both may be the key. */
function readVariable(
  table: Table,
  variable: string,
  env: Machine['env'],
  report: Report,
): string | undefined {
  const kept = reveal(env[variable]?.trim() ?? '', false, table.file.secrets)
  const key = 'fault' in kept ? undefined : kinds.key.read(kept.secret)
  if (key === undefined)
    report(
      `${labelOf([...table.path, 'api_key_env'])}: the variable that it names ${faultOfKey(kept)} ` +
        placeOf(table, 'api_key_env'),
    )
  return key
}

function faultOfKey(kept: Kept): string {
  if ('fault' in kept) return `is no help: ${[kept.fault, kept.advice].filter(Boolean).join('; ')}`
  return kept.secret === '' ? 'is not set' : `does not hold ${kinds.key.allowed}`
}

const HEADER_NAME = /^[\w!#$%&'*+.^`|~-]+$/
/** What belongs to the connection or to the body. */
const OWN_HEADERS = new Set([
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** Headers by their names in lower case. Their values may be keys, and are never shown. */
function readHeaders(table: Table | undefined, report: Report): Readonly<Record<string, string>> {
  if (!table) return NO_HEADERS
  const headers: Record<string, string> = {}
  for (const name of Object.keys(table.values)) {
    const fault = headerFault(name.toLowerCase(), headers)
    if (fault) report(`${labelOf(table.path)}: ${quote(name)} ${fault} ${placeOf(table, name)}`)
    const value = readCell(table, name, HEADER, report)
    if (value !== undefined) headers[name.toLowerCase()] = value
  }
  return Object.freeze(headers)
}

const HEADER = { kind: kinds.headerValue, secret: true } as const
const NO_HEADERS = Object.freeze({})

function headerFault(name: string, known: Readonly<Record<string, string>>): string | undefined {
  if (!HEADER_NAME.test(name)) return 'is no name for a header'
  if (OWN_HEADERS.has(name)) return 'is a header that the server makes itself'
  return Object.hasOwn(known, name) ? 'stands there twice' : undefined
}

type Settings = Pick<
  Config,
  Extract<SettingField, `${string}TimeoutMs` | 'openrouterBaseUrl' | 'openrouterApiKey'>
>

/** All upstreams, complete: the default one first. What a table leaves open, the settings say. */
export function joinUpstreams(tables: readonly UpstreamTable[], settings: Settings): Config['upstreams'] {
  const own = tables.find(({ name }) => name === DEFAULT_UPSTREAM) ?? NO_TABLE
  const others = tables.filter(({ name }) => name !== DEFAULT_UPSTREAM)
  const address = { baseUrl: settings.openrouterBaseUrl, apiKey: settings.openrouterApiKey }
  return Object.freeze([
    complete({ ...own, ...address }, settings),
    ...others.map((table) => complete(table, settings)),
  ] as const)
}

const NO_TABLE = { name: DEFAULT_UPSTREAM, headers: NO_HEADERS }

type Incomplete = Pick<UpstreamTable, 'name' | 'baseUrl' | 'apiKey' | 'headers'> & Partial<UpstreamTable>

function complete(table: Incomplete, settings: Settings): UpstreamConfig {
  const { name, baseUrl = '', apiKey, headers } = table
  return Object.freeze({
    name,
    baseUrl,
    apiKey,
    wire: table.wire ?? 'chat',
    dialect: table.dialect ?? dialectOf(baseUrl),
    models: table.models ?? Object.freeze([]),
    headers,
    connectTimeoutMs: table.connect_timeout ?? settings.connectTimeoutMs,
    requestTimeoutMs: table.request_timeout ?? settings.requestTimeoutMs,
    firstByteTimeoutMs: table.first_byte_timeout ?? settings.firstByteTimeoutMs,
    idleTimeoutMs: table.idle_timeout ?? settings.idleTimeoutMs,
  })
}

const dialectOf = (baseUrl: string): UpstreamConfig['dialect'] =>
  /(^|\.)openrouter\.ai$/.test(URL.parse(baseUrl)?.hostname ?? '') ? 'openrouter' : 'openai'
