import { describe, expect, test } from 'bun:test'

import { mask, redactField } from '../../src/observability/redact.ts'

const redact = (name: string, value: unknown): unknown => redactField({ [name]: value }, name)

describe('a field', () => {
  test.each([
    'authorization',
    'Proxy-Authorization',
    'auth',
    'x-auth',
    'x-api-key',
    'api_key',
    'apiKey',
    'openrouterApiKey',
    'serverApiKeys',
    'OPENROUTER_API_KEY',
    'cookie',
    'Set-Cookie',
    'password',
    'passwd',
    'clientSecret',
    'AWS_SECRET_ACCESS_KEY',
    'privateKey',
    'credentials',
    'jwt',
    'token',
    'accessToken',
    'x-csrf-token',
    'ANTHROPIC_AUTH_TOKEN',
  ])('%s shows no text, however deep', (name) => {
    expect(redact(name, 'hunter2')).toBe('[redacted]')
    expect(JSON.stringify(redact(name, { value: ['hunter2'] }))).not.toContain('hunter2')
    expect(JSON.stringify(redact('request', { headers: { [name]: 'hunter2' } }))).not.toContain('hunter2')
  })

  test.each(['password', 'pass-word', 'secret'])('%s shows no number either', (name) => {
    expect(redact(name, 4711)).toBe('[redacted]')
  })

  test.each(['input_tokens', 'max_tokens', 'maxTokensLimit', 'cache_read_input_tokens'])(
    '%s is counted',
    (name) => {
      expect(redact(name, 4711)).toBe(4711)
      expect(redact('prompt_tokens_details', { [name]: 4711, note: 'text' })).toEqual({
        [name]: 4711,
        note: '[redacted]',
      })
    },
  )

  test.each(['model', 'author', 'cacheKey', 'key', 'path', 'sessionId'])('%s is shown', (name) => {
    expect(redact(name, 'plain')).toBe('plain')
  })

  test('that is absent stays absent', () => {
    expect(redact('api_key', undefined)).toBeUndefined()
    expect(redact('api_key', null)).toBeNull()
  })
})

describe('a text', () => {
  test.each([
    ['sk-or-v1-0123456789', '[redacted]'],
    ['key sk-ant-api03-ab_cd-ef is wrong', 'key [redacted] is wrong'],
    ['sk-proj-abc, sk-abcd', '[redacted], [redacted]'],
    ['at?q=%3Dsk-abcdef', 'at?q=%3D[redacted]'],
    ['prefixsk-or-v1-abc', 'prefix[redacted]'],
    ['Bearer abc.def-ghi', 'Bearer [redacted]'],
    ['got "bearer  abc", sorry', 'got "bearer  [redacted]", sorry'],
    ['Authorization: Basic YWRhOmh1bnRlcjI=', 'Authorization: [redacted] [redacted]'],
    ['{"api_key":"hunter2","n":1}', '{"api_key":"[redacted]","n":1}'],
    [String.raw`"{\"x-api-key\": \"hunter2\"}"`, String.raw`"{\"x-api-key\": \"[redacted]\"}"`],
    ['GET /v1?api_key=hunter2&n=1', 'GET /v1?api_key=[redacted]&n=1'],
    ['postgres://ada:hunter2@db/x', 'postgres://[redacted]@db/x'],
  ])('%s becomes %s', (text, masked) => {
    expect(mask(text)).toBe(masked)
    expect(redact('message', text)).toBe(masked)
    expect(redact('messages', [{ text }])).toEqual([{ text: masked }])
    expect(Object.keys(Object(redact('counts', { [text]: 1 })))).toEqual([masked])
  })

  test.each([
    'anthropic/claude-sonnet-4',
    'a task-oriented, risk-averse answer',
    'https://openrouter.ai/api/v1',
    'max_tokens: must be 1 or more',
    'unknown key: temperature',
    'ada@example.com',
    '',
  ])('%p is shown as it is', (text) => {
    expect(mask(text)).toBe(text)
  })
})

describe('an error', () => {
  test('is its name, message, stack and cause, without secrets', () => {
    const cause = new TypeError('refused Bearer hunter2')
    const error = new Error('upstream said sk-or-v1-0123456789', { cause })
    expect(redact('error', error)).toEqual({
      name: 'Error',
      message: 'upstream said [redacted]',
      stack: mask(String(error.stack)),
      cause: {
        name: 'TypeError',
        message: 'refused Bearer [redacted]',
        stack: mask(String(cause.stack)),
        cause: undefined,
      },
    })
  })

  test('may have anything as cause, even itself', () => {
    const error = new Error('round')
    error.cause = error
    expect(redact('error', error)).toMatchObject({ message: 'round', cause: '[unserialisable]' })
    expect(redact('error', new Error('flat', { cause: { api_key: 'x', status: 401 } }))).toMatchObject({
      cause: { api_key: '[redacted]', status: 401 },
    })
  })
})

describe('what JSON cannot say', () => {
  const circle: Record<string, unknown> = { name: 'circle' }
  circle['self'] = circle
  const deep = Array.from({ length: 5000 }).reduce<unknown>((inner) => ({ inner }), 'bottom')
  const broken = {
    get value(): never {
      throw new Error('no')
    },
  }

  test.each([
    ['a function', () => 1],
    ['a symbol', Symbol('s')],
    ['an object that throws', broken],
    ['an object whose toJSON throws', { toJSON: () => broken.value }],
  ])('%s is said to be unserialisable', (_, value) => {
    expect(redact('field', value)).toBe('[unserialisable]')
  })

  test('is left out of what is around it', () => {
    expect(redact('field', circle)).toEqual({ name: 'circle', self: '[unserialisable]' })
    expect(JSON.stringify(redact('field', deep))).toEndWith('"[unserialisable]"' + '}'.repeat(32))
  })

  test('is a field that throws when it is read', () => {
    expect(redactField(broken, 'value')).toBe('[unserialisable]')
  })
})

test('other objects are written as JSON would, headers without their secrets', () => {
  expect(redact('at', new Date(0))).toBe('1970-01-01T00:00:00.000Z')
  expect(redact('url', new URL('http://ada:pw@host/'))).toBe('http://[redacted]@host/')
  expect(redact('id', 12n)).toBe('12')
  expect(redact('bytes', new Uint8Array(3))).toBe('[3 bytes]')
  expect(redact('headers', new Headers({ 'X-Api-Key': 'hunter2', accept: '*/*' }))).toEqual({
    'x-api-key': '[redacted]',
    accept: '*/*',
  })
})

test('names are recognised also after more of them than are remembered', () => {
  for (let n = 0; n < 2000; n++) redact(`field${n}`, n)
  expect(redact('freshPassword', 'hunter2')).toBe('[redacted]')
})
