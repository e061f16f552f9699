import { invalidRequest } from '../../core/errors.ts'
import { isRecord } from '../../core/record.ts'

type Test = (value: unknown) => boolean

/** Whether a keyword's value is a schema, or holds some. */
type Holding = 'schema' | 'schemas' | 'named schemas'

interface Keyword {
  readonly test: Test
  readonly holds?: Holding
}

type IsRefused = (schema: Readonly<Record<string, unknown>>) => boolean
const isNever: IsRefused = () => false

/** Deeper than any tool's input; it keeps a hostile schema from filling the stack. */
const MAX_DEPTH = 200

/** Throws a 400 that names the first fault of a schema which clients have written (Anthropic API, V39). */
export function checkJsonSchema(schema: unknown, address: string): void {
  const fault = findSchemaFault(schema)
  if (fault !== undefined)
    throw invalidRequest(
      `${address}: JSON schema is invalid. It must match JSON Schema draft 2020-12 ` +
        `(https://json-schema.org/draft/2020-12). The first fault is at ${fault || '/'}`,
    )
}

/**
 * The first place that breaks JSON Schema draft 2020-12, as a pointer such as `/properties/city/type`; undefined for a
 * good schema. `isRefused` adds a rule of the caller's, asked of each schema inside.
 */
export function findSchemaFault(
  schema: unknown,
  isRefused: IsRefused = isNever,
  depth = 0,
): string | undefined {
  if (typeof schema === 'boolean') return undefined
  if (!isRecord(schema) || depth > MAX_DEPTH || isRefused(schema)) return ''
  for (const name in schema) {
    const keyword = KEYWORDS.get(name)
    if (!keyword) continue
    const value = schema[name]
    if (!keyword.test(value)) return `/${name}`
    if (!keyword.holds) continue
    const fault =
      keyword.holds === 'schema'
        ? findSchemaFault(value, isRefused, depth + 1)
        : findInMany(value, isRefused, depth + 1)
    if (fault !== undefined) return `/${name}${fault}`
  }
  return undefined
}

/** The same for each schema of a list or of an object; the keyword's test has seen that it is one. */
function findInMany(schemas: unknown, isRefused: IsRefused, depth: number): string | undefined {
  const named = schemas as Readonly<Record<string, unknown>>
  for (const name in named) {
    const fault = findSchemaFault(named[name], isRefused, depth)
    if (fault !== undefined) return `/${name}${fault}`
  }
  return undefined
}

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
const isSchema: Test = (value) => typeof value === 'boolean' || isRecord(value)
const isFilledList: Test = (value) => Array.isArray(value) && value.length > 0
const isSetOf =
  (test: Test): Test =>
  (value) =>
    Array.isArray(value) && value.every(test) && new Set(value).size === value.length
const isSetOfNames = isSetOf(isString)
const isTypeName: Test = (value) => TYPES.has(value)
const isSetOfTypeNames = isSetOf(isTypeName)

const all = (keyword: Keyword, ...names: readonly string[]): readonly (readonly [string, Keyword])[] =>
  names.map((name) => [name, keyword])

/** What the meta-schema asks of each keyword's own value. */
const KEYWORDS: ReadonlyMap<string, Keyword> = new Map([
  ...all({ test: isSchema, holds: 'schema' }, 'items', 'contains', 'additionalProperties', 'propertyNames'),
  ...all({ test: isSchema, holds: 'schema' }, 'not', 'if', 'then', 'else', 'contentSchema'),
  ...all({ test: isSchema, holds: 'schema' }, 'unevaluatedItems', 'unevaluatedProperties'),
  ...all({ test: isFilledList, holds: 'schemas' }, 'allOf', 'anyOf', 'oneOf', 'prefixItems'),
  ...all({ test: isRecord, holds: 'named schemas' }, 'properties', 'patternProperties'),
  ...all({ test: isRecord, holds: 'named schemas' }, 'dependentSchemas', '$defs', 'definitions'),
  ...all({ test: isString }, '$id', '$schema', '$ref', '$anchor', '$dynamicRef', '$dynamicAnchor'),
  ...all({ test: isString }, 'title', 'description', '$comment', 'format', 'pattern'),
  ...all({ test: isString }, 'contentEncoding', 'contentMediaType'),
  ...all({ test: isNumber }, 'minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'),
  ...all({ test: (value) => typeof value === 'number' && value > 0 }, 'multipleOf'),
  ...all({ test: isCount }, 'minLength', 'maxLength', 'minItems', 'maxItems', 'minContains', 'maxContains'),
  ...all({ test: isCount }, 'minProperties', 'maxProperties'),
  ...all({ test: isBoolean }, 'uniqueItems', 'deprecated', 'readOnly', 'writeOnly'),
  ...all({ test: Array.isArray }, 'enum', 'examples'),
  ...all({ test: isSetOfNames }, 'required'),
  ...all(
    { test: (value) => isRecord(value) && Object.values(value).every(isSetOfNames) },
    'dependentRequired',
  ),
  ...all({ test: (value) => isTypeName(value) || (isFilledList(value) && isSetOfTypeNames(value)) }, 'type'),
])
