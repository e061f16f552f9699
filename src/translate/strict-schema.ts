import {
  describeMore,
  isSchema,
  mapSubschemas,
  resolvePointer,
  type Schema,
  subschemas,
} from './subschemas.ts'

/** Deeper schemas are refused by whoever reads them; nothing here follows them down. */
const MAX_DEPTH = 100

const LOOSE = [
  'allOf',
  'oneOf',
  'not',
  'if',
  'then',
  'else',
  'contains',
  'prefixItems',
  'propertyNames',
  'patternProperties',
  'dependentRequired',
  'dependentSchemas',
  'unevaluatedProperties',
] as const

/**
 * Whether OpenAI takes a schema for strict output as it is: closed objects that require all they have. Others could
 * only be made so by a change of meaning.
 */
export function isStrictEnough(root: Schema): boolean {
  return root['type'] === 'object' && root['anyOf'] === undefined && isClosed(root, 0)
}

function isClosed(schema: Schema, depth: number): boolean {
  if (depth > MAX_DEPTH || LOOSE.some((keyword) => schema[keyword] !== undefined)) return false
  if (isObject(schema) && !requiresAll(schema)) return false
  return subschemas(schema).every((inner) => isClosed(inner, depth + 1))
}

const isObject = ({ type, properties }: Schema): boolean =>
  properties !== undefined || type === 'object' || (Array.isArray(type) && type.includes('object'))

function requiresAll({ properties = {}, required = [], additionalProperties }: Schema): boolean {
  const names = new Set(Array.isArray(required) ? required : [])
  return additionalProperties === false && Object.keys(properties as object).every((name) => names.has(name))
}

/** Bounds that Claude's strict output refuses (Anthropic API, §2.8). */
const BOUNDS = [
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'multipleOf',
  'minLength',
  'maxLength',
  'minItems',
  'maxItems',
  'uniqueItems',
  'minProperties',
  'maxProperties',
] as const

/** A schema for Claude's strict output: objects are closed, and bounds are told in the description. */
export function toClaudeStrict(schema: Schema, depth = 0): Schema {
  if (depth > MAX_DEPTH) return schema
  const out = mapSubschemas(schema, (inner) => toClaudeStrict(inner, depth + 1))
  if (isObject(out)) out['additionalProperties'] = false
  const told: string[] = []
  for (const bound of BOUNDS) {
    const value = out[bound]
    if (value === undefined || (bound === 'minItems' && (value === 0 || value === 1))) continue
    told.push(`${bound}: ${JSON.stringify(value)}`)
    delete out[bound]
  }
  if (told.length > 0) out['description'] = describeMore(out, `(${told.join(', ')})`)
  return out
}

/**
 * Whether Claude's strict output can hold a model to all of a schema: it closes every object, so that a map could only
 * be empty, and it knows no recursion (Anthropic API, §2.8).
 */
export const keepsMeaningForClaude = (root: Schema): boolean => isTree(root, root, new Set(), new Set())

/** `open` are the schemas that this one stands in, `done` those that are known to be good. */
function isTree(schema: Schema, root: Schema, open: Set<Schema>, done: Set<Schema>): boolean {
  if (done.has(schema)) return true
  if (open.has(schema) || open.size > MAX_DEPTH || isMap(schema)) return false
  open.add(schema)
  const reference = typeof schema['$ref'] === 'string' ? resolvePointer(root, schema['$ref']) : undefined
  const inner = reference ? [...subschemas(schema), reference] : subschemas(schema)
  if (!inner.every((next) => isTree(next, root, open, done))) return false
  open.delete(schema)
  done.add(schema)
  return true
}

/** An object whose properties have no names yet. */
function isMap(schema: Schema): boolean {
  const { properties, additionalProperties, patternProperties } = schema
  if (!isObject(schema) || additionalProperties === false) return patternProperties !== undefined
  const isEmpty = !isSchema(properties) || Object.keys(properties).length === 0
  return isEmpty || isSchema(additionalProperties) || patternProperties !== undefined
}
