import type { ConfigFile } from './file.ts'
import * as kinds from './kinds.ts'
import { didYouMean, quote, type Report } from './problem.ts'
import { labelOf, placeOf, readRow, subtable, subtables, type Table, topTable } from './table.ts'
import type { ModelRule } from './tables.ts'

const COLUMNS = {
  upstream: { kind: { read: (text: string) => text, allowed: 'the name of an upstream' } },
  wire: { kind: kinds.choice('chat', 'messages') },
  fallbacks: { kind: kinds.modelIds },
  cache_breakpoints: { kind: kinds.choice('auto', 'client') },
  server_tools: { kind: kinds.toolNames },
} as const

/** Every key that a table of `[models]` may have. */
export const MODEL_KEYS = [...Object.keys(COLUMNS), 'options']

/** The file's `[models]`, in its order; `upstreams` are the names that a rule may mention. What is wrong is reported. */
export function readModelRules(
  file: ConfigFile,
  upstreams: readonly string[],
  report: Report,
): readonly ModelRule[] {
  const top = topTable(file, 'models', report)
  if (!top) return NO_RULES
  return Object.freeze(subtables(top, report).map((table) => readRule(table, upstreams, report)))
}

/** No rule at all. */
export const NO_RULES: readonly ModelRule[] = Object.freeze([])

function readRule(table: Table, upstreams: readonly string[], report: Report): ModelRule {
  const pattern = table.path.at(-1) ?? ''
  if (kinds.modelId.read(pattern) === undefined)
    report(`models: ${quote(pattern)} is no name or pattern for models ${placeOfTable(table)}`)
  const row = readRow(table, COLUMNS, ['options'], report)
  if (row.upstream !== undefined && !upstreams.includes(row.upstream))
    report(
      `${labelOf([...table.path, 'upstream'])}: there is no upstream ${quote(row.upstream)} ` +
        `${placeOf(table, 'upstream')}${didYouMean(row.upstream, upstreams)}`,
    )
  return Object.freeze({
    pattern,
    upstream: row.upstream,
    wire: row.wire,
    fallbacks: row.fallbacks,
    options: readOptions(subtable(table, 'options', report), report),
    cacheBreakpoints: row.cache_breakpoints,
    serverTools: row.server_tools,
  })
}

const placeOfTable = ({ file, path }: Table): string =>
  placeOf({ file, path: path.slice(0, -1), values: {} }, path.at(-1) ?? '')

/** What the request itself says, and no option can. */
const BODY_FIELDS = new Set(['model', 'messages', 'stream', 'tools'])

/** Chat options, which go upstream as they are: whatever JSON can say. */
function readOptions(table: Table | undefined, report: Report): ModelRule['options'] {
  if (!table) return NO_OPTIONS
  for (const [name, value] of Object.entries(table.values)) {
    const fault = optionFault(name, value)
    if (fault) report(`${labelOf([...table.path, name])}: ${fault} ${placeOf(table, name)}`)
  }
  return freezeDeep(table.values)
}

const NO_OPTIONS = Object.freeze({})

function optionFault(name: string, value: unknown): string | undefined {
  if (BODY_FIELDS.has(name)) return 'is the request itself and cannot be an option'
  return isJson(value) ? undefined : 'needs a value that JSON can hold: no date, inf or nan'
}

function isJson(value: unknown): boolean {
  if (value instanceof Date || typeof value === 'bigint') return false
  if (typeof value === 'object' && value !== null) return Object.values(value).every(isJson)
  return typeof value !== 'number' || Number.isFinite(value)
}

function freezeDeep<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null || value instanceof Date) return value
  for (const part of Object.values(value)) freezeDeep(part)
  return Object.freeze(value)
}
