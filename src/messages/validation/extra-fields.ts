import { KindGuard, type TObject, type TSchema, type TUnion } from '@sinclair/typebox'

import { isRecord } from '../../core/record.ts'
import { CountTokensRequest, MessagesRequest } from '../../wire/anthropic/request.ts'
import { CHAT_OPTIONS } from '../../wire/openrouter/options.ts'
import { open, unchecked } from '../../wire/schema.ts'
import { meantBranch, tagOf } from './branch.ts'
import { refusal } from './shape.ts'
import type { Operation, Path, Subject } from './subject.ts'

/** Each operation's body with every field that may stand in it: the options of chat completions are not extra. */
const KNOWN: Record<Operation, TSchema> = {
  create: open({ ...MessagesRequest.properties, ...unchecked([...CHAT_OPTIONS, 'stop', 'openrouter']) }),
  count_tokens: CountTokensRequest,
}

/** Refuses fields that the schema does not name, at any depth (Anthropic API, V2). */
export function checkExtraFields({ request, options }: Subject): void {
  const path = findExtra(KNOWN[options.operation], request)
  if (path) throw refusal(request, { path, words: 'Extra inputs are not permitted' })
}

/** The way from a value, which fits its schema, to the first unnamed field in it. */
function findExtra(schema: TSchema, value: unknown): Path | undefined {
  if (KindGuard.IsUnion(schema)) return findInUnion(schema, value)
  if (KindGuard.IsArray(schema) && Array.isArray(value)) return findInList(schema.items, value)
  if (KindGuard.IsObject(schema) && isRecord(value)) return findInObject(schema, value)
  return undefined
}

function findInUnion(union: TUnion, value: unknown): Path | undefined {
  const member = union.anyOf[meantBranch(union, value)]
  const extra = member && findExtra(member, value)
  if (!extra) return undefined
  const tag = tagOf(member, value)
  return tag === undefined ? extra : [tag, ...extra]
}

function findInList(items: TSchema, list: readonly unknown[]): Path | undefined {
  for (const [index, item] of list.entries()) {
    const extra = findExtra(items, item)
    if (extra) return [index, ...extra]
  }
  return undefined
}

function findInObject(schema: TObject, value: Readonly<Record<string, unknown>>): Path | undefined {
  if (isOpaque(schema)) return undefined
  for (const field of Object.keys(value)) {
    const known = Object.hasOwn(schema.properties, field) ? schema.properties[field] : undefined
    if (!known) return [field]
    const extra = findExtra(known, value[field])
    if (extra) return [field, ...extra]
  }
  return undefined
}

/** A schema that names no field, or `type` alone, leaves the rest to others: nothing in it is extra. */
const isOpaque = (schema: TObject): boolean =>
  Object.keys(schema.properties).every((field) => field === 'type')
