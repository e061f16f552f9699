import { afterAll, describe, expect, test } from 'bun:test'

import { startServer } from '../support/server.ts'

const server = await startServer()
afterAll(async () => server[Symbol.asyncDispose]())

const ask = async (path: string, init?: RequestInit): Promise<Response> => fetch(`${server.url}${path}`, init)
const page = await ask('/docs')
const html = await page.text()
const loaded = [...html.matchAll(/<(?:script|link)\b[^>]*\b(?:src|href)="([^"]+)"/g)].map(
  (match) => match[1] ?? '',
)

/** Files that must come through unchanged. */
const PACKAGED: Readonly<Record<string, string>> = {
  '/docs/swagger-ui-bundle.js': 'swagger-ui-dist/swagger-ui-bundle.js',
  '/docs/swagger-ui.css': 'swagger-ui-dist/swagger-ui.css',
  '/docs/favicon.png': 'swagger-ui-dist/favicon-32x32.png',
}
const TYPES: Readonly<Record<string, string>> = {
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  png: 'image/png',
}

describe('GET /docs', () => {
  test('is a page', () => {
    expect(page.status).toBe(200)
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(page.headers.get('x-content-type-options')).toBe('nosniff')
  })

  test('may load from this server alone, and run no script but its files', () => {
    const policy = page.headers.get('content-security-policy')?.split('; ') ?? []
    expect(policy.toSorted()).toEqual([
      "base-uri 'none'",
      "connect-src 'self'",
      "default-src 'none'",
      "font-src 'self' data:",
      "form-action 'none'",
      "frame-ancestors 'none'",
      "img-src 'self' data:",
      "script-src 'self'",
      "style-src 'self' 'unsafe-inline'",
    ])
    expect(html).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\son\w+=|https?:|\/\//i)
  })

  test('loads its files from below /docs', () => {
    expect(loaded.toSorted()).toEqual([
      '/docs/favicon.png',
      '/docs/init.js',
      '/docs/page.css',
      '/docs/swagger-ui-bundle.js',
      '/docs/swagger-ui.css',
    ])
  })

  test('shows the document of this server', async () => {
    expect(await (await ask('/docs/init.js')).text()).toContain("url: '/openapi.json'")
    expect((await ask('/openapi.json')).status).toBe(200)
  })

  test('may try out the API: a page of this server is no foreign page', async () => {
    const headers = { origin: server.url, 'content-type': 'application/json' }
    const { paths } = (await (await ask('/openapi.json')).json()) as any
    const { examples } = paths['/v1/messages'].post.requestBody.content['application/json']
    const body = JSON.stringify(examples.hello.value)
    const answer = await ask('/v1/messages', { method: 'POST', headers, body })
    expect([answer.status, (await answer.json()) as any]).toMatchObject([200, { role: 'assistant' }])
  })
})

describe.each(loaded)('%s', (path) => {
  test('comes with its type', async () => {
    const file = await ask(path)
    expect(file.status).toBe(200)
    expect(file.headers.get('content-type')).toBe(TYPES[path.split('.').at(-1) ?? ''] ?? '')
    expect(file.headers.get('x-content-type-options')).toBe('nosniff')
    const packaged = PACKAGED[path]
    const bytes = await file.bytes()
    expect(bytes.length).toBeGreaterThan(0)
    if (packaged)
      expect(Buffer.compare(bytes, await Bun.file(Bun.resolveSync(packaged, import.meta.dir)).bytes())).toBe(
        0,
      )
  })

  test('is sent again only when it has changed', async () => {
    const etag = (await ask(path)).headers.get('etag') ?? ''
    const again = await ask(path, { headers: { 'if-none-match': etag } })
    expect([again.status, again.headers.get('etag')]).toEqual([304, etag])
    expect((await ask(path, { headers: { 'if-none-match': '"other"' } })).status).toBe(200)
  })
})
