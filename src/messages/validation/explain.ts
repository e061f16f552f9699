import { KindGuard, type TSchema, type TUnion } from '@sinclair/typebox'
import { type ValueError, ValueErrorType } from '@sinclair/typebox/errors'

import { isRecord } from '../../core/record.ts'
import { discriminatorOf, expectedTags, meantBranch, membersOf, tagOf, wordsOf } from './branch.ts'
import type { Path } from './subject.ts'

/** What is wrong, and where. */
export interface Complaint {
  readonly path: Path
  readonly words: string
}

/**
 * Says TypeBox's error in Anthropic's words (Anthropic API, §6.1). TypeBox stops at a union; this goes on into the
 * member that the value was meant to be, and names that member's tag in the path where Anthropic does.
 */
export function explain(error: ValueError, namesTags: boolean): Complaint {
  const tags: { readonly depth: number; readonly tag: string }[] = []
  let cause = error
  for (let inner = innerError(cause); inner; inner = innerError(cause)) {
    if (namesTags && inner.tag !== undefined)
      tags.push({ depth: segments(cause.path).length, tag: inner.tag })
    cause = inner.error
  }
  const complaint = complain(cause)
  const path = [...complaint.path]
  for (const { depth, tag } of tags.toReversed()) path.splice(depth, 0, tag)
  return { path, words: complaint.words }
}

/** Why the member that was meant does not fit. */
function innerError(error: ValueError): { error: ValueError; tag: string | undefined } | undefined {
  if (!isUnionError(error)) return undefined
  const index = meantBranch(error.schema, error.value)
  const inner = error.errors[index]?.First()
  const member = error.schema.anyOf[index]
  return inner && member && { error: inner, tag: tagOf(member, error.value) }
}

const isUnionError = (error: ValueError): error is ValueError & { schema: TUnion } =>
  error.type === ValueErrorType.Union && KindGuard.IsUnion(error.schema)

/** Turns a JSON pointer into a path. */
const segments = (pointer: string): string[] =>
  pointer
    .split('/')
    .slice(1)
    .map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'))

function complain(error: ValueError): Complaint {
  const path = segments(error.path)
  if (isUnionError(error)) return complainOfUnion(path, error.schema, error.value)
  const words = WORDS.get(error.type)?.(error.schema, error.value) ?? 'Input is not valid'
  return { path, words }
}

/** The value is none of the members. */
function complainOfUnion(path: Path, union: TUnion, value: unknown): Complaint {
  const members = membersOf(union)
  const objects = members.filter((member) => KindGuard.IsObject(member))
  const field = objects[0] && isRecord(value) ? discriminatorOf(objects[0]) : undefined
  if (!field || !isRecord(value)) return { path, words: typeWords(members, value) }
  if (value[field] === undefined) return { path: [...path, field], words: 'Field required' }
  if (field === 'role') return { path: [...path, field], words: ROLE_WORDS }
  const tags = objects.flatMap(expectedTags)
  if (tags.length === 0) return { path: [...path, field], words: 'Input should be a valid string' }
  return { path, words: tagWords(tags, value[field]) }
}

/** Names no `system`: Claude Code folds its system messages into the user's when it reads exactly this. */
const ROLE_WORDS = "Input should be 'user' or 'assistant'"

function tagWords(tags: readonly string[], tag: unknown): string {
  const found = typeof tag === 'string' ? tag.slice(0, LONGEST_ECHO) : typeof tag
  const expected = tags.map(quote).join(', ')
  return `Input tag '${found}' found using 'type' does not match any of the expected tags: ${expected}`
}

const LONGEST_ECHO = 100

function typeWords(members: readonly TSchema[], value: unknown): string {
  const words = members.flatMap(wordsOf)
  const isWord = typeof value === 'string' && words.length > 0
  if (isWord || words.length === members.length) return choiceWords(words)
  if (members.some((member) => KindGuard.IsArray(member))) return 'Input should be a valid list'
  if (members.some((member) => KindGuard.IsNumber(member))) return 'Input should be a valid number'
  return 'Input should be a valid dictionary'
}

const quote = (word: string): string => `'${word}'`

/** `Input should be 'a', 'b' or 'c'`. */
function choiceWords(words: readonly string[]): string {
  const quoted = words.map(quote)
  const last = quoted.pop() ?? ''
  return quoted.length === 0 ? `Input should be ${last}` : `Input should be ${quoted.join(', ')} or ${last}`
}

const isAtLeast = ({ minimum }: TSchema): string => `Input should be greater than or equal to ${minimum}`
const isLongEnough = ({ minLength }: TSchema): string =>
  `String should have at least ${minLength} character${minLength === 1 ? '' : 's'}`
const isShort = ({ maxLength }: TSchema): string => `String should have at most ${maxLength} characters`
const isAtMost = ({ maximum }: TSchema): string => `Input should be less than or equal to ${maximum}`
const isMoreThan = ({ exclusiveMinimum }: TSchema): string =>
  `Input should be greater than ${exclusiveMinimum}`
const isFilled = ({ minItems }: TSchema): string =>
  `List should have at least ${minItems} item${minItems === 1 ? '' : 's'} after validation`
const isSmall = ({ maxProperties }: TSchema): string =>
  `Dictionary should have at most ${maxProperties} items after validation`
const isShortEnough = ({ maxItems }: TSchema, list: unknown): string =>
  `List should have at most ${maxItems} items after validation, not ${Array.isArray(list) ? list.length : 0}`

type Phrase = (schema: TSchema, value: unknown) => string

/** TypeBox's kinds of error that our schemas can give, in pydantic's words. */
const WORDS: ReadonlyMap<ValueErrorType, Phrase> = new Map<ValueErrorType, Phrase>([
  [ValueErrorType.ObjectRequiredProperty, () => 'Field required'],
  [ValueErrorType.Object, () => 'Input should be a valid dictionary'],
  [ValueErrorType.Array, () => 'Input should be a valid list'],
  [ValueErrorType.String, () => 'Input should be a valid string'],
  [ValueErrorType.Integer, () => 'Input should be a valid integer'],
  [ValueErrorType.Number, () => 'Input should be a valid number'],
  [ValueErrorType.Boolean, () => 'Input should be a valid boolean'],
  [ValueErrorType.Literal, (schema) => choiceWords(wordsOf(schema))],
  [ValueErrorType.IntegerMinimum, isAtLeast],
  [ValueErrorType.NumberMinimum, isAtLeast],
  [ValueErrorType.IntegerMaximum, isAtMost],
  [ValueErrorType.NumberMaximum, isAtMost],
  [ValueErrorType.NumberExclusiveMinimum, isMoreThan],
  [ValueErrorType.StringMinLength, isLongEnough],
  [ValueErrorType.StringMaxLength, isShort],
  [ValueErrorType.StringPattern, ({ pattern }) => `String should match pattern '${pattern}'`],
  [ValueErrorType.ArrayMinItems, isFilled],
  [ValueErrorType.ArrayMaxItems, isShortEnough],
  [ValueErrorType.ObjectMaxProperties, isSmall],
  [ValueErrorType.ObjectAdditionalProperties, () => 'Extra inputs are not permitted'],
])
