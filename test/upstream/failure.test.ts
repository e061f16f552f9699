import { describe, expect, test } from 'bun:test'

import fc from 'fast-check'

import { Failure } from '../../src/core/errors.ts'
import { errorOf } from '../../src/upstream/answer-body.ts'
import { brokenConnection, finishOf, toFailure, type UpstreamRefusal } from '../../src/upstream/failure.ts'

const NOW = Date.parse('2026-11-22T12:00:00Z')
const refused = (
  status: number,
  error: unknown = { message: 'No.' },
  retryAfter: string | null = null,
): Failure =>
  toFailure({ status, error: error as UpstreamRefusal['error'], retryAfter, model: 'claude-opus-5' }, NOW)
const seen = ({ status, kind, retryable }: Failure): string => `${status} ${kind}${retryable ? ' again' : ''}`

describe("by OpenRouter's error type", () => {
  test.each([
    ['authentication', '401 authentication_error'],
    ['payment_required', '402 billing_error'],
    ['permission_denied', '403 permission_error'],
    ['guardrail', '403 permission_error'],
    ['moderation', '403 permission_error'],
    ['not_found', '404 not_found_error'],
    ['image_not_found', '404 not_found_error'],
    ['timeout', '504 timeout_error again'],
    ['payload_too_large', '413 request_too_large'],
    ['precondition_failed', '400 invalid_request_error'],
    ['unprocessable', '400 invalid_request_error'],
    ['invalid_request', '400 invalid_request_error'],
    ['invalid_prompt', '400 invalid_request_error'],
    ['string_too_long', '400 invalid_request_error'],
    ['context_length_exceeded', '400 invalid_request_error'],
    ['max_tokens_exceeded', '400 invalid_request_error'],
    ['token_limit_exceeded', '400 invalid_request_error'],
    ['content_policy_violation', '400 invalid_request_error'],
    ['refusal', '400 invalid_request_error'],
    ['rate_limit_exceeded', '429 rate_limit_error again'],
    ['provider_overloaded', '529 overloaded_error again'],
    ['provider_unavailable', '502 api_error again'],
    ['server', '500 api_error again'],
    ['unmapped', '500 api_error again'],
  ])('%s', (error_type, expected) => {
    expect(seen(refused(200, { message: 'No.', metadata: { error_type } }))).toBe(expected)
    expect(seen(refused(200, { message: 'No.', error_type }))).toBe(expected)
    expect(seen(refused(500, { message: 'No.', error_type }))).toBe(expected)
  })

  test('it counts more than the status', () => {
    expect(seen(refused(400, { metadata: { error_type: 'provider_overloaded' } }))).toBe(
      '529 overloaded_error again',
    )
  })
})

describe('by status', () => {
  test.each([
    [400, '400 invalid_request_error'],
    [401, '401 authentication_error'],
    [402, '402 billing_error'],
    [403, '403 permission_error'],
    [404, '404 not_found_error'],
    [405, '502 api_error again'],
    [408, '504 timeout_error again'],
    [409, '400 invalid_request_error'],
    [412, '400 invalid_request_error'],
    [413, '413 request_too_large'],
    [418, '400 invalid_request_error'],
    [422, '400 invalid_request_error'],
    [429, '429 rate_limit_error again'],
    [500, '500 api_error again'],
    [501, '500 api_error again'],
    [502, '502 api_error again'],
    [503, '529 overloaded_error again'],
    [504, '504 timeout_error again'],
    [524, '504 timeout_error again'],
    [529, '529 overloaded_error again'],
  ])('%d', (status, expected) => {
    expect(seen(refused(status))).toBe(expected)
    expect(seen(refused(200, { message: 'No.', http_status: status }))).toBe(expected)
    expect(seen(refused(200, { message: 'No.', code: status }))).toBe(expected)
    expect(seen(refused(200, { message: 'No.', code: String(status) }))).toBe(expected)
  })

  test("a caller's mistake is never told as a fault of the server or of time", () => {
    for (let status = 400; status < 500; status++)
      if (![405, 408, 429].includes(status)) expect(refused(status).retryable).toBe(false)
  })
})

describe('by a word alone', () => {
  test.each([
    [{ code: 'rate_limit_exceeded' }, '429 rate_limit_error again'],
    [{ code: 'provider_unavailable' }, '502 api_error again'],
    [{ type: 'overloaded_error' }, '529 overloaded_error again'],
    [{ type: 'invalid_request_error' }, '400 invalid_request_error'],
    [{ code: 'invalid_api_key', type: 'invalid_request_error' }, '401 authentication_error'],
    [{ type: 'server_error' }, '500 api_error again'],
    [{ availability: { code: 'capacity_exhausted', retryable: true } }, '429 rate_limit_error again'],
    [{ availability: { code: 'temporarily_unavailable' } }, '529 overloaded_error again'],
    [{ availability: { code: 'region_restricted' } }, '403 permission_error'],
    [{ availability: { code: 'free_variant_ended' } }, '404 not_found_error'],
    [{ code: 'constructor' }, '500 api_error again'],
  ])('%j', (error, expected) => {
    expect(seen(refused(200, { message: 'No.', ...error }))).toBe(expected)
  })

  test('a quota that is used up will not be there again in a minute', () => {
    expect(
      seen(refused(429, { message: 'You exceeded your current quota.', code: 'insufficient_quota' })),
    ).toBe('402 billing_error')
  })

  test("OpenAI's type counts less than the status", () => {
    expect(seen(refused(401, { message: 'No.', type: 'invalid_request_error' }))).toBe(
      '401 authentication_error',
    )
  })
})

describe('a model that the upstream does not know', () => {
  test.each<[number, unknown]>([
    [400, { message: 'foo/bar is not a valid model ID', code: 400 }],
    [404, { message: 'No endpoints found for foo/bar.', code: 404 }],
    [
      404,
      { message: 'The model `foo` does not exist or you do not have access to it.', code: 'model_not_found' },
    ],
    [400, { message: 'Gone.', availability: { code: 'model_not_found', retryable: false } }],
    [404, { message: 'The model `foo` does not exist.' }],
    [404, { message: 'model "foo" not found, try pulling it first' }],
    [400, { message: 'Invalid model: foo' }],
    [400, { message: 'Model Not Exist' }],
    [404, "model 'foo' not found"],
    [404, { message: 'models/foo is not found for API version v1beta' }],
    [
      400,
      {
        message: 'Provider returned error',
        metadata: { raw: '{"error":{"message":"foo is not a valid model ID"}}' },
      },
    ],
    [200, { message: 'No.', code: 'model_not_found' }],
  ])('%d %j', (status, error) => {
    const failure = refused(status, error)
    expect(seen(failure)).toBe('404 not_found_error')
    expect(failure.message).toBe('model: claude-opus-5')
  })

  test('why another one cannot be had is told', () => {
    const failure = refused(404, { message: 'No endpoints found that support image input' })
    expect(failure.message).toBe('model: claude-opus-5 (No endpoints found that support image input)')
    expect(refused(404, { message: 'Not Found' }).message).toBe('Not Found')
  })

  test('what only mentions a model is none', () => {
    expect(refused(400, { message: "The model's last tool call was not found in the messages" }).kind).toBe(
      'invalid_request_error',
    )
    expect(refused(400, { message: 'tool_choice: invalid model behaviour' }).kind).toBe(
      'invalid_request_error',
    )
  })

  test('a fault of the server is none', () => {
    expect(refused(500, { message: 'model worker not found' }).kind).toBe('api_error')
  })
})

describe('an overflow', () => {
  const words =
    "This endpoint's maximum context length is 100 tokens. However, you requested about 250 tokens (150 of text input, 100 in the output)."
  const expected = 'prompt is too long: 150 tokens > 100 maximum'

  test.each<[number, unknown]>([
    [400, { message: words, code: 400 }],
    [
      400,
      {
        message: 'Provider returned error',
        metadata: { provider_name: 'DeepInfra', raw: JSON.stringify({ error: { message: words } }) },
      },
    ],
    [500, { message: words }],
    [502, words],
    [200, { message: words, code: 400 }],
    [413, { message: words, code: 'context_length_exceeded' }],
    [429, { message: words, metadata: { error_type: 'context_length_exceeded' } }],
  ])("reads like Anthropic's: %d", (status, error) => {
    const failure = refused(status, error)
    expect(seen(failure)).toBe('400 invalid_request_error')
    expect(failure.message).toBe(expected)
  })

  test('of llama.cpp has its numbers beside it', () => {
    const error = {
      code: 400,
      message: 'the request exceeds the available context size',
      type: 'exceed_context_size_error',
      n_prompt_tokens: 9000,
      n_ctx: 4096,
    }
    expect(refused(400, error).message).toBe('prompt is too long: 9000 tokens > 4096 maximum')
  })

  test('is why no provider was left', () => {
    const excluded = (...excluded_by: string[]) =>
      refused(404, {
        message: 'No provider fits.',
        availability: { code: 'constraint_filtered', excluded_by },
      })
    expect(excluded('context_length').message).toBe('prompt is too long: No provider fits.')
    expect(excluded('context_length', 'max_price').kind).toBe('not_found_error')
  })

  test('is no limit on tokens per minute', () => {
    expect(
      refused(429, { message: 'Please reduce the length of the messages: tokens per minute exceeded' }).kind,
    ).toBe('rate_limit_error')
    expect(
      refused(413, {
        message: 'Request too large: Limit 6000, Requested 8000, please reduce your message size',
      }).kind,
    ).toBe('request_too_large')
  })

  test('is none of permission', () => {
    expect(refused(403, { message: words }).kind).toBe('permission_error')
  })
})

test("max_tokens above the model's limit reads like Anthropic's", () => {
  const failure = refused(400, {
    message: 'max_tokens is too large: 64000. This model supports at most 16384 completion tokens',
  })
  expect(failure.message).toBe(
    'max_tokens: 64000 > 16384, which is the maximum allowed number of output tokens for claude-opus-5',
  )
})

describe('the words', () => {
  test.each<[string, unknown, string]>([
    ["are the upstream's", { message: ' No. ' }, 'No.'],
    ['may come alone', 'No.', 'No.'],
    ['may be missing', {}, 'the upstream answered with status 400'],
    ['may be missing altogether', null, 'the upstream answered with status 400'],
    ['may be what nobody expects', { message: { detail: [{ msg: 'Field required' }] } }, 'Field required'],
    ['may be a list', { message: ['a', 'b'] }, 'a'],
    ['may be no words', { message: 42, metadata: 'x' }, 'the upstream answered with status 400'],
    ['may be a list of errors', [{ error: { message: 'No.' } }], 'the upstream answered with status 400'],
    [
      'of the provider follow',
      { message: 'Provider returned error', metadata: { raw: 'Bad image', provider_name: 'Google' } },
      'Provider returned error (Google): Bad image',
    ],
    [
      'of the provider may be JSON',
      {
        message: 'Provider returned error',
        metadata: { raw: '{"error":{"code":400,"message":"Bad image"}}' },
      },
      'Provider returned error: Bad image',
    ],
    [
      'of the provider may be an object',
      { message: 'Provider returned error', metadata: { raw: { message: 'Bad image' } } },
      'Provider returned error: Bad image',
    ],
    [
      'of the provider may be wrapped again',
      {
        message: 'Provider returned error',
        metadata: { raw: '{"error":"{\\"error\\":{\\"message\\":\\"Bad image\\"}}"}' },
      },
      'Provider returned error: Bad image',
    ],
    [
      'of Google come in a list',
      { message: 'Provider returned error', metadata: { raw: '[{"error":{"message":"Bad image"}}]' } },
      'Provider returned error: Bad image',
    ],
    [
      'of a page are its title',
      {
        message: 'Provider returned error',
        metadata: {
          raw: '<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body>…</body></html>',
        },
      },
      'Provider returned error: 502 Bad Gateway',
    ],
    [
      'of FastAPI are a detail',
      { message: 'Provider returned error', metadata: { raw: '{"detail":"Bad image"}' } },
      'Provider returned error: Bad image',
    ],
    [
      'are not said twice',
      { message: 'Bad image', metadata: { raw: '{"message":"Bad image"}' } },
      'Bad image',
    ],
    ["may be the provider's alone", { message: '', metadata: { raw: 'Bad image' } }, 'Bad image'],
    ['are no more than 2000 characters', { message: 'x'.repeat(3000) }, 'x'.repeat(2000)],
  ])('%s', (_, error, expected) => {
    expect(refused(400, error).message).toBe(expected)
  })

  test('say whose key it was', () => {
    expect(refused(401, { message: 'No auth credentials found' }).message).toBe(
      `the upstream rejected this server's key: No auth credentials found; the command "doctor" of this server says what to do`,
    )
  })

  test.each([
    ['Incorrect API key provided: sk-or-v1-0123456789abcdef', 'Incorrect API key provided: sk-or-v…'],
    ['key sk-proj-AbC_dEf-0123456789 is bad', 'key sk-proj…'],
    ['gsk_0123456789abcdef', 'gsk_0123…'],
    ['xai-0123456789abcdef', 'xai-0123…'],
    ['AIzaSyD0123456789abcdefghijk', 'AIzaSy…'],
    ['Authorization: Bearer abcdefghijklmnop', 'Authorization: Bearer …'],
  ])('hide keys: %s', (message, expected) => {
    const { message: told } = refused(400, { message, metadata: { raw: message } })
    expect(told).toStartWith(expected)
    expect(told).not.toMatch(/0123456789|abcdefghijklmnop/)
  })

  test("of something too deep are nobody's", () => {
    let raw: unknown = 'deep'
    for (let n = 0; n < 50_000; n++) raw = { error: raw }
    expect(refused(400, { message: 'No.', metadata: { raw } }).message).toBe('No.')
  })
})

describe('when to come again', () => {
  test.each<[string, string | null, unknown, number | undefined]>([
    ['in seconds', '7', {}, 7000],
    ['in parts of a second', '0.5', {}, 500],
    ['at once', '0', {}, 0],
    ['at a time', 'Sun, 22 Nov 2026 12:00:30 GMT', {}, 30_000],
    ['at a time that is over', 'Sun, 22 Nov 2026 11:00:00 GMT', {}, 0],
    ['as the body says', null, { availability: { retry_after: 9 } }, 9000],
    ['as the header says first', '7', { availability: { retry_after: 9 } }, 7000],
    ['as the body says when the header is nonsense', 'soon', { availability: { retry_after: 9 } }, 9000],
    ['unknown', null, {}, undefined],
    ['empty', '', {}, undefined],
    ['negative', '-5', {}, undefined],
    ['nonsense', 'soon', {}, undefined],
    ['not a number', null, { availability: { retry_after: 'soon' } }, undefined],
  ])('%s', (_, header, error, expected) => {
    expect(refused(429, { message: 'No.', ...(error as object) }, header).retryAfterMs).toBe(expected)
  })

  test('the upstream knows best whether', () => {
    expect(refused(429, { message: 'No.', availability: { retryable: false } }).retryable).toBe(false)
    expect(refused(404, { message: 'No.', availability: { retryable: true } }).retryable).toBe(true)
    expect(refused(429, { message: 'No.', availability: { retryable: null } }).retryable).toBe(true)
  })
})

test('an error may only say how an answer ended', () => {
  expect(finishOf({ metadata: { error_type: 'max_tokens_exceeded' } })).toBe('length')
  expect(finishOf({ error_type: 'token_limit_exceeded' })).toBe('length')
  expect(finishOf({ code: 'content_policy_violation' })).toBe('content_filter')
  expect(finishOf({ metadata: { error_type: 'refusal' } })).toBe('content_filter')
  expect(finishOf({ metadata: { error_type: 'provider_unavailable' } })).toBeUndefined()
  expect(finishOf('refusal')).toBeUndefined()
})

test.each([
  ['<html><head><title>504 Gateway Time-out</title></head></html>', '504 Gateway Time-out'],
  ['<html><body>Sorry</body></html>', 'the upstream answered with status 504'],
  ['upstream connect error', 'upstream connect error'],
  ['{"detail":"No."}', 'No.'],
  ['', 'the upstream answered with status 504'],
])('a body that is no error object is reduced to what it says: %s', (body, message) => {
  expect(refused(504, errorOf(body) ?? null)).toMatchObject({ kind: 'timeout_error', message })
})

test('a broken connection is a bad gateway', () => {
  expect(seen(brokenConnection('cut'))).toBe('502 api_error again')
})

test('any error at all becomes a failure', () => {
  const value = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom('rate_limit_exceeded', 'Provider returned error', 400, '429'),
  )
  const keys = fc.constantFrom(
    'message',
    'code',
    'type',
    'error_type',
    'http_status',
    'metadata',
    'raw',
    'availability',
    'retry_after',
    'excluded_by',
    'error',
  )
  const error = fc.oneof(value, fc.dictionary(keys, fc.oneof(value, fc.dictionary(keys, value))))
  fc.assert(
    fc.property(
      fc.integer({ min: 100, max: 999 }),
      error,
      fc.option(fc.string()),
      (status, body, retryAfter) => {
        const failure = refused(status, body, retryAfter)
        expect(failure).toBeInstanceOf(Failure)
        expect(failure.message).not.toBe('')
        expect(failure.status).toBeGreaterThanOrEqual(400)
        expect(failure.retryAfterMs ?? 0).toBeGreaterThanOrEqual(0)
      },
    ),
    { numRuns: 500 },
  )
})
