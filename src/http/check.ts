import type { Static, TSchema } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'

import { invalidRequest } from '../core/errors.ts'

/** Makes sure that a small body of our own API has its schema; else a 400 that names the first wrong field. */
export function checkBody<Schema extends TSchema>(
  schema: Schema,
  body: unknown,
): asserts body is Static<Schema> {
  const error = Value.Errors(schema, body).First()
  if (!error) return
  const path = error.path.split('/').slice(1).join('.')
  const words = error.value === undefined ? 'Field required' : error.message
  throw invalidRequest(path === '' ? `The request body: ${words}` : `${path}: ${words}`)
}
