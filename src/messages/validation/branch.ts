import { KindGuard, OptionalKind, type TObject, type TSchema, type TUnion } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'

import { isRecord } from '../../core/record.ts'

/** The fields by which the wire tells the members of a union apart. */
const DISCRIMINATORS = ['type', 'role', 'id'] as const
type Discriminator = (typeof DISCRIMINATORS)[number]

/**
 * The index of the union's member that a value is meant to be, judged by its discriminator or else its JSON type,
 * right or wrong inside; -1 when it is none of them.
 */
export function meantBranch(union: TUnion, value: unknown): number {
  const claimed = union.anyOf.findIndex((member) => claims(member, value))
  return claimed >= 0 ? claimed : soleBranch(union)
}

/** Of `null` and one other thing, the other is always what was meant. */
function soleBranch(union: TUnion): number {
  const isSomething = (member: TSchema): boolean => !KindGuard.IsNull(member)
  const first = union.anyOf.findIndex(isSomething)
  return first === union.anyOf.findLastIndex(isSomething) ? first : -1
}

function claims(schema: TSchema, value: unknown): boolean {
  if (KindGuard.IsLiteral(schema)) return schema.const === value
  if (KindGuard.IsObject(schema)) return isRecord(value) && claimsTag(schema, value)
  if (KindGuard.IsUnion(schema)) return schema.anyOf.some((member) => claims(member, value))
  if (KindGuard.IsArray(schema)) return Array.isArray(value)
  if (KindGuard.IsNumber(schema) || KindGuard.IsInteger(schema)) return typeof value === 'number'
  return Value.Check(schema, value)
}

function claimsTag(schema: TObject, value: Readonly<Record<string, unknown>>): boolean {
  const field = discriminatorOf(schema)
  const tags = field && schema.properties[field]
  if (!tags) return true
  return value[field] === undefined ? OptionalKind in tags : claims(tags, value[field])
}

/** The field that tells this object from its siblings. */
export const discriminatorOf = (schema: TObject): Discriminator | undefined =>
  DISCRIMINATORS.find((field) => Object.hasOwn(schema.properties, field))

/** The tag which Anthropic writes into a path that goes through a union into this member. */
export function tagOf(schema: TSchema, value: unknown): string | undefined {
  if (!KindGuard.IsObject(schema) || !isRecord(value) || !claimsTag(schema, value)) return undefined
  const tags = expectedTags(schema)
  const tag = value['type']
  return tags.length > 0 && typeof tag === 'string' && tag !== '' ? tag : tags[0]
}

/** The values of `type` by which an object is recognised; of a pattern, its known examples. */
export function expectedTags(schema: TObject): readonly string[] {
  const tags = schema.properties['type']
  return tags ? wordsOf(tags).filter((word) => word !== '') : []
}

/** The strings that a schema names one by one. */
export function wordsOf(schema: TSchema): readonly string[] {
  if (KindGuard.IsUnion(schema)) return schema.anyOf.flatMap(wordsOf)
  if (KindGuard.IsLiteral(schema)) return [String(schema.const)]
  const examples: unknown = schema.examples
  return Array.isArray(examples) ? examples.map(String) : []
}

/** The members of a union and of the unions inside it, without `null`. */
export function membersOf(schema: TSchema): readonly TSchema[] {
  if (KindGuard.IsUnion(schema)) return schema.anyOf.flatMap(membersOf)
  return KindGuard.IsNull(schema) ? [] : [schema]
}
