import { describe, expect, test } from 'bun:test'

import type { ServiceOptions } from '../../../src/web/search/ask-service.ts'
import { createBrave } from '../../../src/web/search/brave.ts'
import { searchWeb } from '../../../src/web/search/chain.ts'
import { createExa } from '../../../src/web/search/exa.ts'
import { isAtDomain, SearchFailure, type SearchProvider } from '../../../src/web/search/search.ts'
import { createSearxng } from '../../../src/web/search/searxng.ts'
import { createTavily } from '../../../src/web/search/tavily.ts'

const QUERY = {
  query: 'bun 2',
  maxResults: 5,
  allowedDomains: ['bun.sh'],
  blockedDomains: [] as readonly string[],
  location: { country: 'de' },
  signal: new AbortController().signal,
}

/** A service that answers with this, and what it was asked. */
function service(answer: unknown, status = 200) {
  const asked: Array<{ url: URL; headers: Headers; body: any }> = []
  const options: ServiceOptions = {
    timeoutMs: 1000,
    fetch: async (url, { headers, body }) => {
      asked.push({
        url: new URL(url),
        headers: new Headers(headers),
        body: typeof body === 'string' ? JSON.parse(body) : undefined,
      })
      return new Response(typeof answer === 'string' ? answer : JSON.stringify(answer), { status })
    },
  }
  return { options, asked }
}

const FOUND = { url: 'https://bun.sh/blog', title: 'Blog' }

test('Brave is asked with sites in the query, and its marks are taken out', async () => {
  const results = [
    { ...FOUND, description: 'It <strong>is</strong> out', extra_snippets: ['More'], age: '2 days' },
  ]
  const { options, asked } = service({ web: { results } })
  expect(await createBrave('key', options).search(QUERY)).toEqual([
    { ...FOUND, text: 'It is out\nMore', age: '2 days' },
  ])
  expect(asked[0]?.url.searchParams.get('q')).toBe('bun 2 site:bun.sh')
  expect(asked[0]?.url.searchParams.get('country')).toBe('DE')
  expect(asked[0]?.headers.get('x-subscription-token')).toBe('key')
})

test('Tavily is asked with lists of domains', async () => {
  const { options, asked } = service({ results: [{ ...FOUND, content: 'It is out' }] })
  expect(await createTavily('key', options).search(QUERY)).toEqual([
    { ...FOUND, text: 'It is out', age: null },
  ])
  expect(asked[0]?.body).toEqual({ query: 'bun 2', max_results: 5, include_domains: ['bun.sh'] })
  expect(asked[0]?.headers.get('authorization')).toBe('Bearer key')
})

test('Exa is asked for texts', async () => {
  const { options, asked } = service({
    results: [{ ...FOUND, text: 'It is out', publishedDate: '2026-11-01' }],
  })
  expect(await createExa('key', options).search(QUERY)).toEqual([
    { ...FOUND, text: 'It is out', age: '2026-11-01' },
  ])
  expect(asked[0]?.body).toMatchObject({ query: 'bun 2', numResults: 5, includeDomains: ['bun.sh'] })
  expect(asked[0]?.headers.get('x-api-key')).toBe('key')
})

test('SearXNG is asked for JSON', async () => {
  const { options, asked } = service({ results: [{ ...FOUND, content: 'It is out' }] })
  const searxng = createSearxng('http://searx.local', options)
  expect(await searxng.search(QUERY)).toEqual([{ ...FOUND, text: 'It is out', age: null }])
  expect(asked[0]?.url.href).toStartWith('http://searx.local/search?q=bun+2+site%3Abun.sh&format=json')
})

describe('what a service does wrong', () => {
  test.each<[string, unknown, number, string, RegExp]>([
    ['refuses the key', {}, 401, 'unavailable', /status 401; is its key right\?/],
    ['was asked too often', {}, 429, 'too_many_requests', /too often/],
    ['is broken', {}, 500, 'unavailable', /status 500/],
    ['answers with a page', '<html>', 200, 'unavailable', /no JSON/],
  ])('%s', async (_, answer, status, code, words) => {
    const failure = await createTavily('secret-key', service(answer, status).options)
      .search(QUERY)
      .catch((error) => error)
    expect(failure).toBeInstanceOf(SearchFailure)
    expect(failure.message).not.toContain('secret-key')
    expect(failure.message).toMatch(words)
    expect(failure.code).toBe(code)
  })

  test('an answer of another shape has no pages', async () => {
    expect(await createExa('key', service({ results: 'none' }).options).search(QUERY)).toEqual([])
  })
})

describe('one service after the other', () => {
  const page = (url: string) => ({ url, title: '', text: '', age: null })
  const finds = (name: string, ...urls: readonly string[]): SearchProvider => ({
    name,
    search: async () => urls.map(page),
  })
  const fails = (message: string): SearchProvider => ({
    name: message,
    search: async () => Promise.reject(new SearchFailure('unavailable', message)),
  })

  test('the first that answers counts', async () => {
    const pages = await searchWeb(QUERY, [
      fails('a'),
      finds('b', 'https://bun.sh/1'),
      finds('c', 'https://bun.sh/2'),
    ])
    expect(pages.map(({ url }) => url)).toEqual(['https://bun.sh/1'])
  })

  test('the last failure is told, and that nobody is set up', async () => {
    expect(searchWeb(QUERY, [fails('a'), fails('b')])).rejects.toThrow('b')
    const none = await searchWeb(QUERY, []).catch((error) => error)
    expect(none).toMatchObject({ code: 'unavailable', message: expect.stringContaining('BRAVE_API_KEY') })
  })

  test('pages are held to the domains, once each, whatever the service does', async () => {
    const provider = finds(
      'a',
      'https://bun.sh/1',
      'https://bun.sh/1',
      'https://docs.bun.sh/',
      'https://bun.sh.evil.example/',
      'https://evilbun.sh/',
      'javascript:alert(1)',
    )
    expect((await searchWeb(QUERY, [provider])).map(({ url }) => url)).toEqual([
      'https://bun.sh/1',
      'https://docs.bun.sh/',
    ])
    const blocked = { ...QUERY, allowedDomains: [], blockedDomains: ['docs.bun.sh'], maxResults: 1 }
    expect((await searchWeb(blocked, [provider])).map(({ url }) => url)).toEqual(['https://bun.sh/1'])
  })
})

test.each([
  ['https://example.com/a/b', 'example.com', true],
  ['https://www.example.com/', 'example.com', true],
  ['https://sub.example.com/', 'example.com', true],
  ['https://example.com/', 'www.example.com', true],
  ['https://example.com/docs/x', 'example.com/docs', true],
  ['https://example.com/blog', 'example.com/docs', false],
  ['https://badexample.com/', 'example.com', false],
  ['https://example.com.evil.org/', 'example.com', false],
  ['nonsense', 'example.com', false],
])('%s is at %s: %p', (url, domain, expected) => {
  expect(isAtDomain(url, [domain])).toBe(expected)
})
