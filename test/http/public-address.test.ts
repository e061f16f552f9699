import { describe, expect, test } from 'bun:test'

import { publicAddressOf } from '../../src/http/public-address.ts'

const addressFor = (headers: Readonly<Record<string, string>>): string =>
  publicAddressOf({ headers: new Headers(headers) })

describe('the address that the client used', () => {
  test.each([
    [{ host: '127.0.0.1:4000' }, 'http://127.0.0.1:4000'],
    [{ host: '[::1]:4000' }, 'http://[::1]:4000'],
    [{ host: 'ai.example.com', 'x-forwarded-proto': 'https' }, 'https://ai.example.com'],
    [{ host: 'ai.example.com', 'x-forwarded-proto': 'HTTPS, http' }, 'https://ai.example.com'],
    [{ host: 'inner:80', 'x-forwarded-host': 'ai.example.com' }, 'http://ai.example.com'],
    [{ host: 'inner:80', 'x-forwarded-host': 'outer.example.com, middle' }, 'http://outer.example.com'],
    [{ host: 'inner:80', 'x-forwarded-host': '' }, 'http://inner:80'],
  ])('%p is %s', (headers, expected) => {
    expect(addressFor(headers)).toBe(expected)
  })

  test.each([
    [{}],
    [{ host: 'a b' }],
    [{ host: 'user@evil.example' }],
    [{ host: 'good.example', 'x-forwarded-host': 'evil.example/path?' }],
  ])('%p is none', (headers) => {
    expect(addressFor(headers)).toBe('')
  })

  test('is never of another scheme', () => {
    expect(addressFor({ host: 'a.example', 'x-forwarded-proto': 'javascript' })).toBe('http://a.example')
  })
})
