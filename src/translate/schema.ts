import type { Family } from './family.ts'

/** JSON schemas as the providers accept them (openrouter §7.10). The client's object is never changed. */

type Schema = Readonly<Record<string, unknown>>

/** A tool's parameters: always an object schema. Only the root is copied where no family needs more. */
export function toParameters(schema: Schema | null | undefined, family: Family): Record<string, unknown> {
  const { $schema: _dialect, $id: _id, $comment: _comment, ...rest } = schema ?? {}
  const root: Record<string, unknown> = { ...rest, type: 'object', properties: rest['properties'] ?? {} }
  return family === 'google' ? toGeminiObject(root) : root
}

/** An answer's schema: like parameters, but the root may be of any type. */
export function toAnswerSchema(schema: Schema, family: Family): Record<string, unknown> {
  const { $schema: _dialect, $id: _id, $comment: _comment, ...rest } = schema
  return family === 'google' ? toGeminiObject(rest) : rest
}

const DROPPED_BY_GEMINI: ReadonlySet<string> = new Set([
  '$schema',
  '$id',
  '$comment',
  '$defs',
  'definitions',
  'additionalProperties',
  'propertyNames',
  'patternProperties',
  'unevaluatedProperties',
  'dependentRequired',
  'dependentSchemas',
  'contains',
  'default',
  'examples',
  'not',
  'if',
  'then',
  'else',
  'contentEncoding',
  'contentMediaType',
])
const GEMINI_FORMATS: ReadonlySet<unknown> = new Set(['date-time', 'enum'])
/** Deeper schemas are recursive or hostile; what is below becomes "anything". */
const MAX_DEPTH = 32

const toGeminiObject = (root: Schema): Record<string, unknown> => toGemini(root, definitionsOf(root), 0)

const definitionsOf = (root: Schema): Schema => ({
  ...asSchema(root['definitions']),
  ...asSchema(root['$defs']),
})

const asSchema = (value: unknown): Schema | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined

/** Gemini knows a small part of JSON Schema and refuses the rest. Names of properties are no keywords. */
function toGemini(source: Schema, definitions: Schema, depth: number): Record<string, unknown> {
  if (depth > MAX_DEPTH) return {}
  const schema = resolveReference(source, definitions)
  const out: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(schema)) {
    if (DROPPED_BY_GEMINI.has(key)) continue
    Object.assign(out, geminiKeyword(key, value, definitions, depth))
  }
  if (out['type'] === 'array' && out['items'] === undefined) out['items'] = { type: 'string' }
  if (Array.isArray(out['required'])) out['required'] = requiredIn(out)
  return out
}

function resolveReference(schema: Schema, definitions: Schema): Schema {
  const { $ref: reference, ...rest } = schema
  if (typeof reference !== 'string') return schema
  const name = reference.split('/').at(-1) ?? ''
  return { ...asSchema(definitions[name]), ...rest }
}

function geminiKeyword(
  key: string,
  value: unknown,
  definitions: Schema,
  depth: number,
): Record<string, unknown> {
  const inner = (schema: unknown): Record<string, unknown> =>
    toGemini(asSchema(schema) ?? {}, definitions, depth + 1)
  switch (key) {
    case 'properties':
      return { properties: mapValues(asSchema(value) ?? {}, inner) }
    case 'items':
      return { items: inner(Array.isArray(value) ? value[0] : value) }
    case 'anyOf':
    case 'oneOf':
      return { anyOf: Array.isArray(value) ? value.map(inner) : [] }
    case 'allOf':
      return Array.isArray(value) ? mergeAll(value.map(inner)) : {}
    case 'exclusiveMinimum':
      return typeof value === 'number' ? { minimum: value } : {}
    case 'exclusiveMaximum':
      return typeof value === 'number' ? { maximum: value } : {}
    case 'const':
      return typeof value === 'string' ? { enum: [value] } : {}
    case 'enum':
      return Array.isArray(value)
        ? { enum: value.filter((item) => item !== null).map(String), type: 'string' }
        : {}
    case 'format':
      return GEMINI_FORMATS.has(value) ? { format: value } : {}
    case 'type':
      return Array.isArray(value) ? typeUnion(value) : { type: value }
    default:
      return { [key]: value }
  }
}

function typeUnion(types: readonly unknown[]): Record<string, unknown> {
  const real = types.filter((type) => type !== 'null')
  const nullable = real.length < types.length ? { nullable: true } : {}
  return real.length === 1
    ? { type: real[0], ...nullable }
    : { anyOf: real.map((type) => ({ type })), ...nullable }
}

function mergeAll(parts: ReadonlyArray<Record<string, unknown>>): Record<string, unknown> {
  const merged: Record<string, unknown> = {}
  for (const part of parts) {
    const properties = { ...asSchema(merged['properties']), ...asSchema(part['properties']) }
    const required = [...listOf(merged['required']), ...listOf(part['required'])]
    Object.assign(merged, part)
    if (Object.keys(properties).length > 0) merged['properties'] = properties
    if (required.length > 0) merged['required'] = required
  }
  return merged
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

const requiredIn = (schema: Schema): readonly unknown[] =>
  listOf(schema['required']).filter(
    (name) => typeof name === 'string' && Object.hasOwn(asSchema(schema['properties']) ?? {}, name),
  )

const mapValues = <Out>(source: Schema, map: (value: unknown) => Out): Record<string, Out> =>
  Object.fromEntries(Object.entries(source).map(([key, value]) => [key, map(value)]))
