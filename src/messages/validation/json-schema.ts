import { isRecord } from './subject.ts'

/** A place in a JSON schema where a schema stands. */
export interface SchemaNode {
  /** From the root, e.g. `/properties/city`. */
  readonly pointer: string
  readonly schema: unknown
}

type Holding = 'one' | 'list' | 'map'

/** Which keywords hold schemas (JSON Schema 2020-12), and how. */
const HOLDERS: ReadonlyMap<string, Holding> = new Map<string, Holding>([
  ...named('one', 'items', 'additionalProperties', 'contains', 'propertyNames', 'not', 'if', 'then', 'else'),
  ...named('one', 'unevaluatedItems', 'unevaluatedProperties', 'contentSchema'),
  ...named('list', 'allOf', 'anyOf', 'oneOf', 'prefixItems'),
  ...named('map', 'properties', 'patternProperties', 'dependentSchemas', '$defs', 'definitions'),
])

function named<const Value>(
  value: Value,
  ...keywords: readonly string[]
): readonly (readonly [string, Value])[] {
  return keywords.map((keyword) => [keyword, value])
}

/** Every schema in a JSON schema, the root first. Follows no references, so it ends; however deep, it stays flat. */
export function* walkSchema(root: unknown): Generator<SchemaNode> {
  const pending: SchemaNode[] = [{ pointer: '', schema: root }]
  for (let node = pending.pop(); node; node = pending.pop()) {
    yield node
    if (isRecord(node.schema)) for (const child of childrenOf(node.pointer, node.schema)) pending.push(child)
  }
}

function* childrenOf(pointer: string, schema: Readonly<Record<string, unknown>>): Generator<SchemaNode> {
  for (const [keyword, value] of Object.entries(schema)) {
    const holds = HOLDERS.get(keyword)
    const place = `${pointer}/${keyword}`
    if (holds === 'one') yield { pointer: place, schema: value }
    else if (holds && typeof value === 'object' && value !== null)
      for (const [key, inner] of Object.entries(value)) yield { pointer: `${place}/${key}`, schema: inner }
  }
}

/** The first place that breaks JSON Schema draft 2020-12, as a pointer; undefined for a good schema. */
export function findSchemaFault(root: unknown): string | undefined {
  for (const { pointer, schema } of walkSchema(root)) {
    if (typeof schema === 'boolean') continue
    if (!isRecord(schema)) return pointer || '/'
    const wrong = Object.entries(schema).find(([keyword, value]) => KEYWORDS.get(keyword)?.(value) === false)
    if (wrong) return `${pointer}/${wrong[0]}`
  }
  return undefined
}

type Test = (value: unknown) => boolean

const TYPES: ReadonlySet<unknown> = new Set([
  'array',
  'boolean',
  'integer',
  'null',
  'number',
  'object',
  'string',
])

const isString: Test = (value) => typeof value === 'string'
const isNumber: Test = (value) => typeof value === 'number'
const isCount: Test = (value) => Number.isInteger(value) && Number(value) >= 0
const isBoolean: Test = (value) => typeof value === 'boolean'
const isUniqueList = (value: unknown, test: Test): value is readonly unknown[] =>
  Array.isArray(value) && value.every(test) && new Set(value).size === value.length
const isNames: Test = (value) => isUniqueList(value, isString)
const isTypeName: Test = (value) => TYPES.has(value)

/** What the meta-schema asks of each keyword's own value. */
const KEYWORDS: ReadonlyMap<string, Test> = new Map<string, Test>([
  ...named(isString, '$id', '$schema', '$ref', '$anchor', '$dynamicRef', '$dynamicAnchor', '$comment'),
  ...named(isString, 'title', 'description', 'format', 'pattern', 'contentEncoding', 'contentMediaType'),
  ...named(isNumber, 'minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'),
  ...named(isCount, 'minLength', 'maxLength', 'minItems', 'maxItems', 'minContains', 'maxContains'),
  ...named(isCount, 'minProperties', 'maxProperties'),
  ...named(isBoolean, 'uniqueItems', 'deprecated', 'readOnly', 'writeOnly'),
  ...named(Array.isArray, 'enum', 'examples'),
  ...named(isRecord, 'properties', 'patternProperties', 'dependentSchemas', '$defs', 'definitions'),
  ['required', isNames],
  ['dependentRequired', (value) => isRecord(value) && Object.values(value).every(isNames)],
  ['multipleOf', (value) => typeof value === 'number' && value > 0],
  ['type', (value) => isTypeName(value) || (isUniqueList(value, isTypeName) && value.length > 0)],
  ...named<Test>(
    (value) => Array.isArray(value) && value.length > 0,
    'allOf',
    'anyOf',
    'oneOf',
    'prefixItems',
  ),
])
