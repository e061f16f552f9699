import { expect } from 'bun:test'

import { Anthropic } from '@anthropic-ai/sdk'
import { Anthropic as Anthropic0 } from 'anthropic-sdk-0'

/** Where a server can be reached; a `TestServer` is one. */
export interface Place {
  readonly url: string
}

interface ClientSettings {
  readonly apiKey?: string
  readonly maxRetries?: number
}

/** The official SDK 1.12.0: bearer key, version 2026-10-21, no retries unless a test is about them. */
export const sdk = ({ url }: Place, { apiKey = 'any', maxRetries = 0 }: ClientSettings = {}): Anthropic =>
  new Anthropic({ baseURL: url, apiKey, maxRetries, timeout: 20_000 })

/** The official SDK 0.137.0: key in x-api-key, version 2023-06-01. */
export const sdk0 = ({ url }: Place, { apiKey = 'any', maxRetries = 0 }: ClientSettings = {}): Anthropic0 =>
  new Anthropic0({ baseURL: url, apiKey, maxRetries, timeout: 20_000 })

/** A message to send, a single word unless a test wants something else. */
export const message = <Fields extends object>(fields: Fields) => ({
  model: 'test/model',
  max_tokens: 100,
  messages: [{ role: 'user' as const, content: 'Hi' }],
  ...fields,
})

export interface PostOptions {
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
}

/** POSTs what is no text as JSON, without any of an SDK's headers. */
export const post = async (place: Place, body: unknown, options: PostOptions = {}): Promise<Response> =>
  fetch(`${place.url}${options.path ?? '/v1/messages'}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...options.headers },
    body: typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body),
    ...(options.signal ? { signal: options.signal } : {}),
  })

/** What a client is told when something fails. */
export interface Refusal {
  readonly status: number
  readonly type: string
  readonly message: string
  readonly details: Readonly<Record<string, unknown>> | undefined
  readonly headers: Headers
}

/** Reads a failure, whose form must be right in every detail: envelope, content type, request id. */
export async function refusalOf(response: Response): Promise<Refusal> {
  const body: any = await response.json()
  const { status, headers } = response
  expect(headers.get('content-type')).toBe('application/json')
  expect(headers.get('request-id')).toMatch(/^req_[a-zA-Z0-9]+$/)
  expect(headers.get('x-should-retry')).toBe(String([409, 429].includes(status) || status >= 500))
  expect(Object.keys(body).toSorted()).toEqual(['error', 'request_id', 'type'])
  expect(body).toMatchObject({ type: 'error', request_id: headers.get('request-id') })
  const { type, message: text, details } = body.error
  expect(text).toBeString()
  expect(text).not.toBe('')
  return { status, type, message: text, details, headers }
}

/** POSTs what must be refused, and reads how. */
export const refusal = async (place: Place, body: unknown, options: PostOptions = {}): Promise<Refusal> =>
  refusalOf(await post(place, body, options))
