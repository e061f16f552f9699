import { isSchema, type Schema } from '../subschemas.ts'
import { parseLoosely } from './json-text.ts'
import type { RepairKind } from './kind.ts'
import {
  fits,
  fitsSurely,
  flatten,
  isKnown,
  meansAbsent,
  memberSchema,
  renames,
  requiredOf,
  variantsOf,
} from './schema-view.ts'

/** A value, and what had to be done for it to be what it is. */
export interface Coerced {
  readonly value: unknown
  readonly kinds: readonly RepairKind[]
}

/** More than honest arguments need; each of them checks a value once or twice. */
const MAX_REPAIRS = 1000

/**
 * The value that was meant by one that does not fit its schema, as far as there is only one it can mean. A value that
 * fits is never touched: it comes back as it is, and so does whatever has more than one reading. `source` is the JSON
 * text that the value was read from, `root` the whole schema, which references point into.
 */
export function coerce(given: unknown, schema: unknown, root: Schema, source: string): Coerced {
  const scope: Scope = { root, source, kinds: [], budget: { repairs: MAX_REPAIRS } }
  const value = coerceWithin(given, schema, scope)
  const isUsable = scope.budget.repairs >= 0 && (value === given || isExact(source))
  return isUsable ? { value, kinds: scope.kinds } : { value: given, kinds: [] }
}

/** Where values are repaired. */
interface Scope {
  readonly root: Schema
  readonly source: string
  /** What has been repaired so far. */
  readonly kinds: RepairKind[]
  /** Bounds the work; schemas may refer to themselves. */
  readonly budget: { repairs: number }
}

function coerceWithin(value: unknown, schema: unknown, scope: Scope): unknown {
  if (!isSchema(schema) || fits(value, schema, scope.root)) return value
  if (--scope.budget.repairs < 0) return value
  const flat = flatten(schema, scope.root)
  const types = typesFor(value, flat)
  if (types.length > 0) {
    const readings = types.map((type) => (within: Scope) => convert(value, type, flat, within))
    return onlyReading(value, readings, schema, scope)
  }
  const inside = coerceInside(value, flat, scope)
  const variants = variantsOf(flat)
  if (!variants || fits(inside, schema, scope.root)) return inside
  const readings = variants.map((variant) => (within: Scope) => coerceWithin(inside, variant, within))
  return onlyReading(inside, readings, schema, scope)
}

/** What all readings that fit agree on; the value itself where they do not, or where none fits. */
function onlyReading(
  value: unknown,
  readings: ReadonlyArray<(scope: Scope) => unknown>,
  schema: Schema,
  scope: Scope,
): unknown {
  const found = new Map<string, readonly [unknown, readonly RepairKind[]]>()
  for (const read of readings) {
    const kinds: RepairKind[] = []
    const meant = read({ ...scope, kinds })
    if (meant !== undefined && fitsSurely(meant, schema, scope.root))
      found.set(JSON.stringify(meant), [meant, kinds])
  }
  const [only, ...others] = found.values()
  if (!only || others.length > 0) return value
  scope.kinds.push(...only[1])
  return only[0]
}

// — a value of the right type, with faults inside —

function coerceInside(value: unknown, schema: Schema, scope: Scope): unknown {
  if (typeof value === 'string') return coerceChoice(value, schema, scope)
  if (Array.isArray(value)) return coerceItems(value, schema, scope)
  return isSchema(value) ? coerceMembers(value, schema, scope) : value
}

function coerceChoice(value: string, { enum: choices, const: only }: Schema, { kinds }: Scope): string {
  const known = Array.isArray(choices) ? choices : [only]
  const alike = known.filter(
    (choice): choice is string => typeof choice === 'string' && choice.toLowerCase() === value.toLowerCase(),
  )
  const [meant] = alike
  if (alike.length !== 1 || meant === undefined || meant === value) return value
  kinds.push('enum')
  return meant
}

function coerceItems(list: readonly unknown[], schema: Schema, scope: Scope): readonly unknown[] {
  const { first, rest } = itemSchemas(schema)
  const meant = list.map((item, at) => coerceWithin(item, at < first.length ? first[at] : rest, scope))
  return meant.every((item, at) => item === list[at]) ? list : meant
}

/** In older drafts, a list of `items` is what `prefixItems` is now. */
function itemSchemas({ prefixItems, items }: Schema): { first: readonly unknown[]; rest: unknown } {
  if (Array.isArray(items)) return { first: items, rest: undefined }
  return { first: Array.isArray(prefixItems) ? prefixItems : [], rest: items }
}

function coerceMembers(object: Schema, schema: Schema, scope: Scope): Schema {
  const names = Object.keys(object)
  const meantBy = renames(
    names.filter((name) => !isKnown(schema, name)),
    requiredOf(schema).filter((name) => !Object.hasOwn(object, name)),
  )
  const entries: Array<readonly [string, unknown]> = []
  for (const given of names) {
    const name = meantBy.get(given) ?? given
    if (name !== given) scope.kinds.push('name')
    const value = object[given]
    if (meansAbsent(value, name, schema, scope.root)) scope.kinds.push('null')
    else entries.push([name, coerceWithin(value, memberSchema(schema, name), scope)])
  }
  const isSame =
    entries.length === names.length &&
    entries.every(([name, value], at) => names[at] === name && object[name] === value)
  return isSame ? object : Object.fromEntries(entries)
}

// — a value of another type —

/** The types a value should have; none where it has one of them, or may have any. */
function typesFor(value: unknown, { type }: Schema): readonly string[] {
  const types = [type].flat().filter((name) => typeof name === 'string')
  return fits(value, { type: types }, {}) ? [] : types
}

function convert(value: unknown, type: string, schema: Schema, scope: Scope): unknown {
  const converted = CONVERSIONS.get(type)?.(value, schema, scope)
  return converted === undefined ? undefined : coerceInside(converted, schema, scope)
}

type Conversion = (value: unknown, schema: Schema, scope: Scope) => unknown

const CONVERSIONS: ReadonlyMap<string, Conversion> = new Map<string, Conversion>([
  ['number', (value, _schema, { kinds }) => noted(toNumber(value), 'number', kinds)],
  ['integer', (value, _schema, { kinds }) => noted(toNumber(value), 'number', kinds)],
  ['boolean', (value, _schema, { kinds }) => noted(toBoolean(value), 'boolean', kinds)],
  ['string', (value, _schema, { source, kinds }) => noted(toNumeral(value, source), 'string', kinds)],
  ['object', (value, _schema, { kinds }) => noted(decode(value, '{'), 'encoded', kinds)],
  [
    'array',
    (value, { items }, { kinds }) =>
      noted(decode(value, '['), 'encoded', kinds) ??
      (isSchema(items) ? noted(toList(value), 'array', kinds) : undefined),
  ],
])

function noted(converted: unknown, kind: RepairKind, kinds: RepairKind[]): unknown {
  if (converted !== undefined) kinds.push(kind)
  return converted
}

const NUMERAL = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/

function toNumber(value: unknown): number | undefined {
  if (typeof value !== 'string' || !NUMERAL.test(value)) return undefined
  const number = Number(value)
  return Number.isInteger(number) ? safe(number) : finite(number)
}

const safe = (number: number): number | undefined => (Number.isSafeInteger(number) ? number : undefined)
const finite = (number: number): number | undefined => (Number.isFinite(number) ? number : undefined)

function toBoolean(value: unknown): boolean | undefined {
  const word = typeof value === 'string' ? value.toLowerCase() : ''
  return word === 'true' || word === 'false' ? word === 'true' : undefined
}

/** Strings are passed over, so that only numbers are found. */
const NUMERALS = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/g

/** A number as it was written, since `1.10` may be a version; undefined where it was written in more than one way. */
function toNumeral(value: unknown, source: string): string | undefined {
  if (typeof value !== 'number') return undefined
  const [written, ...others] = new Set(
    (source.match(NUMERALS) ?? []).filter((text) => Number(text) === value),
  )
  return others.length === 0 ? written : undefined
}

/** Whether the numbers of a text can be written again as they are. */
const isExact = (source: string): boolean =>
  (source.match(NUMERALS) ?? []).every((text) => !/^-?\d+$/.test(text) || Number.isSafeInteger(Number(text)))

function decode(value: unknown, bracket: '{' | '['): unknown {
  return typeof value === 'string' && value.trimStart().startsWith(bracket)
    ? parseLoosely(value.trim())
    : undefined
}

/** A single value where a list is wanted. Text that may be a list itself, or nothing at all, stays what it is. */
function toList(value: unknown): readonly unknown[] | undefined {
  if (value === null) return undefined
  return typeof value === 'string' && /^\s*(?:\[|$)|[,\n]/.test(value) ? undefined : [value]
}
