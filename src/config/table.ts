import { type ConfigFile, locate } from './file.ts'
import { isGiven } from './given.ts'
import type { Kind } from './kinds.ts'
import { didYouMean, quote, type Report } from './problem.ts'
import { fileKey, type Setting, SETTINGS } from './schema.ts'
import { readGiven } from './value.ts'

/** One table of the configuration file, e.g. `[upstreams.local]`. */
export interface Table {
  readonly file: ConfigFile
  /** Its keys from the top of the file, e.g. `['upstreams', 'local']`. */
  readonly path: readonly string[]
  readonly values: Readonly<Record<string, unknown>>
}

/** One key that a table may have. */
export interface Column<Value = unknown> {
  readonly kind: Kind<Value>
  /** A secret's value is never shown. */
  readonly secret?: true
}

export type Columns = Readonly<Record<string, Column>>

/** The values of a table's keys; undefined where nobody gave one. */
export type Row<Shape extends Columns> = {
  readonly [Key in keyof Shape]: Shape[Key] extends Column<infer Value> ? Value | undefined : never
}

export const isTable = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)

/** The table at the top of the file that has that name; undefined when there is none. */
export const topTable = (file: ConfigFile, name: string, report: Report): Table | undefined =>
  subtable({ file, path: [], values: file.values }, name, report)

/** A table inside another one; undefined when there is none. What is no table is reported. */
export function subtable(table: Table, key: string, report: Report): Table | undefined {
  const values = table.values[key]
  if (values === undefined) return undefined
  const path = [...table.path, key]
  if (isTable(values)) return { file: table.file, path, values }
  report(`${labelOf(path)}: must be a table, [${labelOf(path)}] ${placeOf(table, key)}`)
  return undefined
}

/** All tables inside another one, by name; what is no table is reported. */
export const subtables = (table: Table, report: Report): readonly Table[] =>
  Object.keys(table.values).flatMap((name) => subtable(table, name, report) ?? [])

/**
 * Reads the keys of a table. What is wrong is reported and left out, and so is every key that is not known;
 * `others` are those that somebody else reads. An empty text counts as not given.
 */
export function readRow<const Shape extends Columns>(
  table: Table,
  columns: Shape,
  others: readonly string[],
  report: Report,
): Row<Shape> {
  checkKnown(table, [...Object.keys(columns), ...others], report)
  const entries = Object.entries(columns).map(([key, column]) => [key, readCell(table, key, column, report)])
  return Object.fromEntries(entries) as Row<Shape>
}

/** The value of one key; undefined when nobody gave one, or a wrong one. */
export function readCell<Value>(
  table: Table,
  key: string,
  column: Column<Value>,
  report: Report,
): Value | undefined {
  const given = table.values[key]
  if (!isGiven(given)) return undefined
  const row = { ...column, label: labelOf([...table.path, key]) }
  const origin = (): string => locate(table.file, ...table.path, key)
  return readGiven(row, { value: given, origin }, table.file.secrets, report)
}

function checkKnown(table: Table, known: readonly string[], report: Report): void {
  for (const key of Object.keys(table.values).filter((name) => !known.includes(name))) {
    const hint = hintOf(table, key) ?? didYouMean(key, known)
    report(`${labelOf(table.path)}: ${quote(key)}: unknown key ${placeOf(table, key)}${hint}`)
  }
}

const SETTING_KEYS: ReadonlySet<string> = new Set(Object.values<Setting>(SETTINGS).map(fileKey))

/** What TOML's way of reading makes of two common slips. */
function hintOf(table: Table, key: string): string | undefined {
  if (isTable(table.values[key])) return '; a name with a dot or a slash needs quotes, as in "gpt-4.1"'
  return SETTING_KEYS.has(key) ? '; settings stand above the first [table]' : undefined
}

/** `(from path:line)` of a key. */
export const placeOf = ({ file, path }: Table, key: string): string => `(from ${locate(file, ...path, key)})`

const BARE = /^[\w-]+$/

/** How a key is written in TOML, e.g. `models."gpt-*".upstream`; one that may be secret is not shown. */
export const labelOf = (path: readonly string[]): string => path.map(labelOfKey).join('.')

function labelOfKey(key: string): string {
  const quoted = quote(key)
  return BARE.test(key) && quoted === `"${key}"` ? key : quoted
}
