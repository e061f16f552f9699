import type { Family } from './family.ts'
import { toGeminiSchema } from './gemini-schema.ts'
import { isStrictEnough, toClaudeStrict } from './strict-schema.ts'
import { combine, isSchema, resolvePointer, type Schema } from './subschemas.ts'

/**
 * JSON schemas as the providers accept them (openrouter §7.10). The client's object is never changed, and copied no
 * deeper than it has to be.
 */
export interface CleanSchema {
  readonly schema: Record<string, unknown>
  /** Whether the model may be held to it to the letter. */
  readonly strict: boolean
}

/** A tool's parameters: always an object schema, with no union at its root. */
export function toParameters(
  schema: Schema | null | undefined,
  family: Family,
  strict: boolean,
): CleanSchema {
  const root = withoutRootUnion(withoutMeta(schema ?? {}))
  return forFamily({ ...root, type: 'object', properties: root['properties'] ?? {} }, family, strict)
}

/** An answer's schema: like parameters, but the root may be of any type. */
export const toAnswerSchema = (schema: Schema, family: Family): CleanSchema =>
  forFamily(withoutMeta(schema), family, true)

function forFamily(root: Schema, family: Family, strict: boolean): CleanSchema {
  switch (family) {
    case 'google':
      return { schema: toGeminiSchema(root), strict }
    case 'anthropic':
      return { schema: { ...(strict ? toClaudeStrict(root) : root) }, strict }
    case 'openai':
      return { schema: { ...root }, strict: strict && isStrictEnough(root) }
    default:
      return { schema: { ...root }, strict }
  }
}

function withoutMeta(schema: Schema): Schema {
  const { $schema: _dialect, $id: _id, $comment: _comment, ...rest } = schema
  return rest
}

/** Tools take one object. Of a union at the root it has all properties, and requires those that no variant can lack. */
function withoutRootUnion(root: Schema): Schema {
  if (root['$ref'] === undefined && !root['allOf'] && !root['anyOf'] && !root['oneOf']) return root
  const { $ref: reference, allOf, anyOf, oneOf, ...rest } = root
  const follow = (schema: unknown): Schema => {
    if (!isSchema(schema)) return {}
    const target = schema['$ref']
    return typeof target === 'string' ? (resolvePointer(root, target) ?? {}) : schema
  }
  const listed = (list: unknown): readonly Schema[] => (Array.isArray(list) ? list.map(follow) : [])
  const common = [follow({ $ref: reference }), ...listed(allOf), rest].reduce(combine, {})
  return [listed(anyOf), listed(oneOf)].filter((variants) => variants.length > 0).reduce(joinVariants, common)
}

function joinVariants(common: Schema, variants: readonly Schema[]): Schema {
  const properties = new Map<string, readonly unknown[]>()
  for (const variant of variants)
    for (const [name, schema] of Object.entries(asSchema(variant['properties'])))
      properties.set(name, [...(properties.get(name) ?? []), schema])
  const joined = [...properties].map(([name, [first, ...others]]) => [
    name,
    others.length > 0 ? { anyOf: [first, ...others] } : first,
  ])
  const required = variants
    .map(({ required: names }) => new Set(Array.isArray(names) ? names : []))
    .reduce((all, names) => all.intersection(names))
  return combine(
    {
      type: 'object',
      properties: Object.fromEntries(joined),
      ...(required.size > 0 ? { required: [...required] } : {}),
    },
    common,
  )
}

const asSchema = (value: unknown): Schema => (isSchema(value) ? value : {})
