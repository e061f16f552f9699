import { isSchema } from '../subschemas.ts'
import { FITS, type Keyword, type Run, show, unless } from './keyword.ts'
import { STRING_FORMATS } from './string-format.ts'

const TYPES: ReadonlyMap<unknown, (value: unknown) => boolean> = new Map<
  unknown,
  (value: unknown) => boolean
>([
  ['null', (value) => value === null],
  ['boolean', (value) => typeof value === 'boolean'],
  ['number', (value) => typeof value === 'number'],
  ['integer', (value) => Number.isInteger(value)],
  ['string', (value) => typeof value === 'string'],
  ['array', (value) => Array.isArray(value)],
  ['object', isSchema],
])

const type: Keyword = (value, rule, place) => {
  const names = [rule].flat()
  const fits = names.length === 0 || names.some((name) => TYPES.get(name)?.(value) ?? true)
  return unless(fits, place, () => `must be ${names.join(' or ')}, but is ${show(value)}`)
}

const enumeration: Keyword = (value, rule, place) => {
  if (!Array.isArray(rule)) return FITS
  const fits = rule.some((wanted) => isSame(value, wanted, place.run))
  return unless(
    fits,
    place,
    () => `must be one of ${rule.slice(0, 20).map(show).join(', ')}, but is ${show(value)}`,
  )
}

const constant: Keyword = (value, rule, place) =>
  unless(isSame(value, rule, place.run), place, () => `must be ${show(rule)}, but is ${show(value)}`)

/** Whether two JSON values are the same. */
function isSame(one: unknown, other: unknown, run: Run): boolean {
  run.spend(1)
  if (Array.isArray(one))
    return (
      Array.isArray(other) &&
      one.length === other.length &&
      one.every((item, index) => isSame(item, other[index], run))
    )
  if (!isSchema(one) || !isSchema(other)) return one === other
  const names = Object.keys(one)
  return (
    names.length === Object.keys(other).length &&
    names.every((name) => Object.hasOwn(other, name) && isSame(one[name], other[name], run))
  )
}

/** A keyword that compares a number with the value, or with what `measure` reads from it. */
const bound =
  (
    measure: (value: unknown, run: Run) => number | undefined,
    fits: (measured: number, limit: number) => boolean,
    words: (limit: number, measured: number) => string,
  ): Keyword =>
  (value, rule, place) => {
    if (typeof rule !== 'number') return FITS
    const measured = measure(value, place.run)
    if (measured === undefined) return FITS
    return unless(fits(measured, rule), place, () => words(rule, measured))
  }

const theNumber = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined)

/** Characters as people count them, not UTF-16 units. */
function characters(value: unknown, run: Run): number | undefined {
  if (typeof value !== 'string') return undefined
  run.spend(value.length >> 3)
  let count = 0
  for (const _ of value) count++
  return count
}

const items = (value: unknown): number | undefined => (Array.isArray(value) ? value.length : undefined)

function properties(value: unknown, run: Run): number | undefined {
  if (!isSchema(value)) return undefined
  const { length } = Object.keys(value)
  run.spend(length)
  return length
}

const atLeast = (value: number, limit: number): boolean => value >= limit
const atMost = (value: number, limit: number): boolean => value <= limit

const counts = (most: 'most' | 'least', what: string) => (limit: number, measured: number) =>
  `must have at ${most} ${limit} ${what}, but has ${measured}`

/** Fractions such as 0.1 are not exact in binary. */
function isMultiple(value: number, step: number): boolean {
  const quotient = value / step
  return (
    !Number.isFinite(quotient) ||
    Math.abs(quotient - Math.round(quotient)) < 1e-9 * Math.max(1, Math.abs(quotient))
  )
}

const pattern: Keyword = (value, rule, place) => {
  if (typeof value !== 'string' || typeof rule !== 'string') return FITS
  return unless(
    place.run.matches(rule, value),
    place,
    () => `must match the pattern ${rule}, but is ${show(value)}`,
  )
}

const format: Keyword = (value, rule, place) => {
  const test = typeof rule === 'string' ? STRING_FORMATS.get(rule) : undefined
  if (typeof value !== 'string' || !test) return FITS
  place.run.spend(value.length >> 3)
  return unless(test(value), place, () => `must have the format ${String(rule)}, but is ${show(value)}`)
}

/** Keywords that look at one value by itself. */
export const VALUE_KEYWORDS: readonly (readonly [string, Keyword])[] = [
  ['type', type],
  ['enum', enumeration],
  ['const', constant],
  ['minimum', bound(theNumber, atLeast, (limit, value) => `must be at least ${limit}, but is ${value}`)],
  ['maximum', bound(theNumber, atMost, (limit, value) => `must be at most ${limit}, but is ${value}`)],
  [
    'exclusiveMinimum',
    bound(
      theNumber,
      (value, limit) => value > limit,
      (limit, value) => `must be more than ${limit}, but is ${value}`,
    ),
  ],
  [
    'exclusiveMaximum',
    bound(
      theNumber,
      (value, limit) => value < limit,
      (limit, value) => `must be less than ${limit}, but is ${value}`,
    ),
  ],
  [
    'multipleOf',
    bound(theNumber, isMultiple, (step, value) => `must be a multiple of ${step}, but is ${value}`),
  ],
  ['minLength', bound(characters, atLeast, counts('least', 'characters'))],
  ['maxLength', bound(characters, atMost, counts('most', 'characters'))],
  ['minItems', bound(items, atLeast, counts('least', 'items'))],
  ['maxItems', bound(items, atMost, counts('most', 'items'))],
  ['minProperties', bound(properties, atLeast, counts('least', 'properties'))],
  ['maxProperties', bound(properties, atMost, counts('most', 'properties'))],
  ['pattern', pattern],
  ['format', format],
]
