import { type Static, type TObject, type TSchema, TypeGuard } from '@sinclair/typebox'
import type { ValueError } from '@sinclair/typebox/errors'
import { Value } from '@sinclair/typebox/value'

import { invalidRequest } from '../core/errors.ts'
import { isRecord } from '../core/record.ts'

/** Makes sure that a small body of our own API has its schema; else a 400 that names the first wrong field. */
export function checkBody<Schema extends TSchema>(
  schema: Schema,
  body: unknown,
): asserts body is Static<Schema> {
  const first = Value.Errors(schema, body).First()
  if (!first) return
  const error = within(first)
  const path = error.path.split('/').slice(1).join('.')
  const words = error.value === undefined ? 'Field required' : error.message
  throw invalidRequest(path === '' ? `The request body: ${words}` : `${path}: ${words}`)
}

/** What is wrong inside of something that may also be null. */
function within(error: ValueError): ValueError {
  const { anyOf } = error.schema
  const [inner] = Array.isArray(anyOf) && anyOf.length === 2 && TypeGuard.IsNull(anyOf[1]) ? error.errors : []
  const found = inner?.First()
  return found ? within(found) : error
}

/** Like `checkBody`, and refuses fields that the schema does not name: a limit that is misspelt would be no limit. */
export function checkWholeBody<Schema extends TObject>(
  schema: Schema,
  body: unknown,
): asserts body is Static<Schema> {
  checkBody(schema, body)
  const stranger = findStranger(schema, body)
  if (stranger !== undefined) throw invalidRequest(`${stranger}: Extra inputs are not permitted`)
}

/** The path of the first field that the schema does not name. */
function findStranger(schema: TSchema, value: unknown): string | undefined {
  const shape = TypeGuard.IsUnion(schema) ? schema.anyOf.find((option) => TypeGuard.IsObject(option)) : schema
  if (!isRecord(value) || !TypeGuard.IsObject(shape)) return undefined
  for (const [name, field] of Object.entries(value)) {
    const known = Object.hasOwn(shape.properties, name) ? shape.properties[name] : undefined
    if (!known) return name
    const inner = findStranger(known, field)
    if (inner !== undefined) return `${name}.${inner}`
  }
  return undefined
}
