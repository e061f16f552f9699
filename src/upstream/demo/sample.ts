/** A JSON schema as clients send it: anything may be missing or odd. */
type Schema = Readonly<Record<string, unknown>>

/** What the walk knows: where references point into, and how many values it may still make. */
interface Walk {
  readonly root: unknown
  left: number
}

/** Ends the walk through a schema that requires itself, or that multiplies. */
const MOST_VALUES = 2000

/** A small value that a JSON schema accepts: required members only, the first of every choice. */
export const sampleOf = (schema: unknown): unknown => sample(schema, { root: schema, left: MOST_VALUES })

const sample = (schema: unknown, walk: Walk): unknown => {
  if (!isSchema(schema) || walk.left-- <= 0) return null
  if ('const' in schema) return schema['const']
  if ('default' in schema) return schema['default']
  if (Array.isArray(schema['enum'])) return schema['enum'][0]
  const chosen = choose(schema, walk.root)
  if (chosen !== undefined) return sample(chosen, walk)
  return SAMPLES[typeOf(schema)]?.(schema, walk) ?? null
}

const SAMPLES: Readonly<Record<string, (schema: Schema, walk: Walk) => unknown>> = {
  object: (schema, walk) => {
    const properties = asSchema(schema['properties'])
    const required = asList(schema['required']).map(String)
    return Object.fromEntries(required.map((name) => [name, sample(properties[name] ?? {}, walk)]))
  },
  array: (schema, walk) => {
    const length = Math.min(asNumber(schema['minItems']) ?? 0, walk.left)
    return Array.from({ length }, () => sample(schema['items'], walk))
  },
  string: (schema) => {
    const shortest = Math.min(asNumber(schema['minLength']) ?? 0, MOST_VALUES)
    const text = FORMATS[String(schema['format'])] ?? 'demo'
    return text.padEnd(shortest, '.').slice(0, asNumber(schema['maxLength']))
  },
  integer: (schema) => Math.ceil(numberIn(schema)),
  number: (schema) => numberIn(schema),
  boolean: () => true,
}

const FORMATS: Readonly<Record<string, string>> = {
  date: '2026-01-01',
  'date-time': '2026-01-01T00:00:00Z',
  time: '00:00:00Z',
  email: 'demo@example.com',
  uri: 'https://example.com/',
  uuid: '00000000-0000-4000-8000-000000000000',
  ipv4: '127.0.0.1',
}

/** The schema that stands for this one: a reference's target, the first alternative, or all parts together. */
const choose = (schema: Schema, root: unknown): unknown => {
  const { $ref, anyOf, oneOf, allOf, ...rest } = schema
  if (typeof $ref === 'string') return follow(schema, root)
  const alternative = asList(anyOf)[0] ?? asList(oneOf)[0]
  if (alternative !== undefined) return { ...rest, ...asSchema(alternative) }
  if (Array.isArray(allOf)) return allOf.map((part) => follow(part, root)).reduce(merge, rest)
  return undefined
}

const follow = (schema: unknown, root: unknown): Schema => {
  const pointer = asSchema(schema)['$ref']
  if (typeof pointer !== 'string') return asSchema(schema)
  const keys = pointer.split('/').slice(1)
  const target = keys.reduce<unknown>((node, key) => asSchema(node)[unescapeKey(key)], root)
  return asSchema(target)
}

const unescapeKey = (key: string): string => key.replaceAll('~1', '/').replaceAll('~0', '~')

const merge = (one: Schema, other: Schema): Schema => ({
  ...one,
  ...other,
  properties: { ...asSchema(one['properties']), ...asSchema(other['properties']) },
  required: [...asList(one['required']), ...asList(other['required'])],
})

const typeOf = (schema: Schema): string => {
  const type: unknown = asList(schema['type'])[0] ?? schema['type']
  if (typeof type === 'string') return type
  return Object.keys(asSchema(schema['properties'])).length > 0 ? 'object' : 'string'
}

const numberIn = (schema: Schema): number => {
  const above = asNumber(schema['exclusiveMinimum'])
  const below = asNumber(schema['exclusiveMaximum'])
  const low = asNumber(schema['minimum']) ?? (above === undefined ? -Infinity : above + 1)
  const high = asNumber(schema['maximum']) ?? (below === undefined ? Infinity : below - 1)
  if (low > high) return (low + high) / 2
  const nearest = Math.min(Math.max(0, low), high)
  const step = asNumber(schema['multipleOf']) ?? 0
  return step > 0 ? Math.ceil(nearest / step) * step : nearest
}

const isSchema = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const asSchema = (value: unknown): Schema => (isSchema(value) ? value : {})
const asList = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
const asNumber = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined)
