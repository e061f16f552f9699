import { Failure } from '../../../src/core/errors.ts'
import { validateRequest } from '../../../src/messages/validate.ts'
import type { Operation, ValidationOptions } from '../../../src/messages/validation/subject.ts'

export const LENIENT: ValidationOptions<'create'> = {
  version: '2023-06-01',
  betas: [],
  strict: false,
  operation: 'create',
}
export const STRICT: ValidationOptions<'create'> = { ...LENIENT, strict: true }
export const NEW_VERSION: ValidationOptions<'create'> = { ...LENIENT, version: '2026-10-21' }
export const COUNTING: ValidationOptions<'count_tokens'> = { ...LENIENT, operation: 'count_tokens' }

export const user = (...content: unknown[]) => ({ role: 'user', content })
export const assistant = (...content: unknown[]) => ({ role: 'assistant', content })
export const system = (...content: unknown[]) => ({ role: 'system', content })

export const text = (words: string, more: object = {}) => ({ type: 'text', text: words, ...more })
export const call = (id: string, more: object = {}) => ({
  type: 'tool_use',
  id,
  name: 'Read',
  input: {},
  ...more,
})
export const result = (id: string, more: object = {}) => ({
  type: 'tool_result',
  tool_use_id: id,
  content: 'done',
  ...more,
})
export const MARKED = { cache_control: { type: 'ephemeral' } }

export const PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
export const image = (media_type = 'image/png', data = PNG) => ({
  type: 'image',
  source: { type: 'base64', media_type, data },
})
export const document = (source: object, more: object = {}) => ({ type: 'document', source, ...more })
export const PLAIN = { type: 'text', media_type: 'text/plain', data: 'some words' }

export const tool = (name = 'Read', more: object = {}) => ({
  name,
  input_schema: { type: 'object', properties: {} },
  ...more,
})

const BASE = { model: 'big', max_tokens: 100, messages: [{ role: 'user', content: 'hello' }] }

/** A good request with some fields changed; `undefined` takes a field away. */
export const request = (changes: Record<string, unknown> = {}): Record<string, unknown> =>
  Object.fromEntries(Object.entries({ ...BASE, ...changes }).filter(([, value]) => value !== undefined))

export const talk = (...messages: unknown[]) => request({ messages })

/** What the client is told; undefined when the request passes. Anything but a `Failure` flies on. */
export function failureOf(
  body: unknown,
  options: ValidationOptions<Operation> = LENIENT,
): Failure | undefined {
  try {
    validateRequest(body, options)
    return undefined
  } catch (error) {
    if (error instanceof Failure) return error
    throw error
  }
}

export const refusalOf = (body: unknown, options?: ValidationOptions<Operation>): string | undefined =>
  failureOf(body, options)?.message
