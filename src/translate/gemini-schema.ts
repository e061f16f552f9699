import { combine, describeMore, isSchema, resolvePointer, type Schema, subschemas } from './subschemas.ts'

/**
 * Gemini takes a small part of JSON Schema and refuses the whole request for any other keyword (openrouter §7.10).
 * So this writes down what it takes, and says the rest in another way where there is one.
 */
export const toGeminiSchema = (root: Schema): Record<string, unknown> =>
  clean(root, { root, open: new Set(), budget: { schemas: MAX_SCHEMAS } })

/** Keywords that narrow what fits and that Gemini has no words for. */
const UNSAYABLE: ReadonlySet<string> = new Set([
  'not',
  'if',
  'contains',
  'patternProperties',
  'propertyNames',
  'dependentRequired',
  'dependentSchemas',
  'prefixItems',
  'uniqueItems',
  'multipleOf',
])

/** The first keyword of a schema, at any depth, that is lost on the way to Gemini. */
export function findUnsayable(schema: Schema, depth = 0): string | undefined {
  if (depth > MAX_DEPTH) return undefined
  const own = Object.keys(schema).find((keyword) => UNSAYABLE.has(keyword))
  if (own !== undefined) return own
  for (const inner of subschemas(schema)) {
    const found = findUnsayable(inner, depth + 1)
    if (found !== undefined) return found
  }
  return undefined
}

interface Walk {
  readonly root: Schema
  /** References that are being resolved; meeting one again means recursion, which Gemini has no words for. */
  readonly open: ReadonlySet<string>
  readonly budget: { schemas: number }
}

type Clean = Record<string, unknown>

/** Far more than any tool needs. Definitions that use each other twice double with every level. */
const MAX_SCHEMAS = 5000
const MAX_DEPTH = 32

/** Stands for what cannot be said any more: too deep, too much, or recursive. */
const ANYTHING: Schema = { type: 'object' }

const COPIED = [
  'title',
  'description',
  'minimum',
  'maximum',
  'minItems',
  'maxItems',
  'minLength',
  'maxLength',
  'minProperties',
  'maxProperties',
  'pattern',
] as const
const FORMATS: ReadonlySet<unknown> = new Set(['date-time', 'enum'])

function clean(value: unknown, walk: Walk, depth = 0): Clean {
  walk.budget.schemas -= 1
  if (depth > MAX_DEPTH || walk.budget.schemas < 0) return { ...ANYTHING }
  const schema = isSchema(value) ? value : {}
  const { $ref: reference, ...beside } = schema
  if (typeof reference === 'string') return cleanReference(reference, beside, walk, depth)
  if (Array.isArray(schema['allOf'])) return clean(withoutAllOf(schema, walk), walk, depth + 1)
  const variants = variantsOf(schema)
  return variants ? cleanUnion(schema, variants, walk, depth) : cleanPlain(schema, walk, depth)
}

function cleanReference(reference: string, beside: Schema, walk: Walk, depth: number): Clean {
  const meant = resolvePointer(walk.root, reference)
  if (!meant || walk.open.has(reference)) return clean({ ...ANYTHING, ...beside }, walk, depth + 1)
  const open = new Set(walk.open).add(reference)
  return clean(combine(meant, beside), { ...walk, open }, depth + 1)
}

function withoutAllOf(schema: Schema, walk: Walk): Schema {
  const { allOf, ...rest } = schema
  const parts = (allOf as readonly unknown[]).filter(isSchema).map((part) => {
    const reference = part['$ref']
    return typeof reference === 'string' ? (resolvePointer(walk.root, reference) ?? {}) : part
  })
  return [...parts, rest].reduce(combine, {})
}

/** The schemas of which one must hold, by whatever keyword they are told. */
function variantsOf({ anyOf, oneOf, type }: Schema): readonly Schema[] | undefined {
  const listed = [anyOf, oneOf].find((list): list is unknown[] => Array.isArray(list) && list.length > 0)
  if (listed) return listed.map((variant) => (isSchema(variant) ? variant : {}))
  return Array.isArray(type) ? type.map((one: unknown) => ({ type: one })) : undefined
}

const isNull = ({ type, const: value }: Schema): boolean => type === 'null' || value === null

/** Beside `anyOf` nothing else may stand, so that what is common moves into each variant. */
function cleanUnion(schema: Schema, variants: readonly Schema[], walk: Walk, depth: number): Clean {
  const { anyOf: _any, oneOf: _one, type, ...common } = schema
  const shared = typeof type === 'string' ? { ...common, type } : common
  const real = variants.filter((variant) => !isNull(variant))
  const cleaned = (real.length > 0 ? real : [{}]).map((variant) => ({
    ...clean(combine(shared, variant), walk, depth + 1),
    ...(real.length < variants.length ? { nullable: true } : {}),
  }))
  const [only] = cleaned
  return cleaned.length === 1 && only ? only : { anyOf: cleaned }
}

function cleanPlain(schema: Schema, walk: Walk, depth: number): Clean {
  const values = valuesOf(schema)
  const type = typeOf(schema, values)
  const out: Clean = { type }
  for (const keyword of COPIED) if (schema[keyword] !== undefined) out[keyword] = schema[keyword]
  if (FORMATS.has(schema['format'])) out['format'] = schema['format']
  if (schema['nullable'] === true || values.includes(null)) out['nullable'] = true
  addBounds(out, schema, type)
  addValues(out, values, type)
  if (type === 'array') out['items'] = clean(itemsOf(schema), walk, depth + 1)
  if (type === 'object') addProperties(out, schema, walk, depth)
  return out
}

const valuesOf = (schema: Schema): readonly unknown[] => {
  if (schema['const'] !== undefined) return [schema['const']]
  return Array.isArray(schema['enum']) ? schema['enum'] : []
}

/** Gemini wants a type everywhere. */
function typeOf(schema: Schema, values: readonly unknown[]): string {
  const { type } = schema
  if (typeof type === 'string' && type !== 'null') return type
  if (isSchema(schema['properties'])) return 'object'
  if (schema['items'] !== undefined || schema['prefixItems'] !== undefined) return 'array'
  const known = values.find((value) => value !== null)
  return typeof known === 'number' || typeof known === 'boolean' ? typeof known : 'string'
}

/** Next to an excluded bound stands an included one; for whole numbers it says the same. */
function addBounds(out: Clean, schema: Schema, type: string): void {
  const step = type === 'integer' ? 1 : 0
  const { exclusiveMinimum: above, exclusiveMaximum: below } = schema
  if (typeof above === 'number') out['minimum'] = above + step
  if (typeof below === 'number') out['maximum'] = below - step
}

/** Only strings can be listed; other values are told in words. */
function addValues(out: Clean, values: readonly unknown[], type: string): void {
  const given = values.filter((value) => value !== null && value !== '')
  if (given.length === 0) return
  if (type === 'string' && given.every((value) => typeof value === 'string')) out['enum'] = given
  else out['description'] = describeMore(out, `One of ${JSON.stringify(given)}.`)
}

/** Of a tuple, the first member stands for all. An array must say what it holds. */
function itemsOf({ items, prefixItems }: Schema): unknown {
  const list = Array.isArray(items) ? items : prefixItems
  if (isSchema(items)) return items
  return Array.isArray(list) && isSchema(list[0]) ? list[0] : { type: 'string' }
}

function addProperties(out: Clean, schema: Schema, walk: Walk, depth: number): void {
  const { properties, required } = schema
  if (!isSchema(properties)) return
  out['properties'] = Object.fromEntries(
    Object.entries(properties).map(([name, inner]) => [name, clean(inner, walk, depth + 1)]),
  )
  const names = Array.isArray(required)
    ? required.filter((name) => typeof name === 'string' && Object.hasOwn(properties, name))
    : []
  if (names.length > 0) out['required'] = names
}
