import { afterAll, describe, expect, test } from 'bun:test'

import { createGuardedFetch } from '../../src/web/guarded-fetch.ts'
import { createPageReader } from '../../src/web/page.ts'

const ARTICLE = `<html><head><title>The title</title></head><body><nav><a href="/menu">Menu</a></nav>
<article><h1>Heading</h1>${'<p>Some words of a paragraph that is long enough to be read as one. </p>'.repeat(8)}
<p>A <a href="/relative">link</a>.</p><table><tr><th>a</th></tr><tr><td>1</td></tr></table></article>
<script>hidden()</script></body></html>`

let hits: string[] = []
const server = Bun.serve({
  hostname: '127.0.0.1',
  port: 0,
  routes: {
    '/page': new Response(ARTICLE, { headers: { 'content-type': 'text/html; charset=utf-8' } }),
    '/text': new Response('plain', { headers: { 'content-type': 'text/plain' } }),
    '/latin': new Response(new Uint8Array([0xe9]), {
      headers: { 'content-type': 'text/plain; charset=iso-8859-1' },
    }),
    '/json': Response.json({ a: 1 }),
    '/pdf': new Response('%PDF-1.7', { headers: { 'content-type': 'application/pdf' } }),
    '/image': new Response('x', { headers: { 'content-type': 'image/png' } }),
    '/missing': new Response('no', { status: 404 }),
    '/busy': new Response('no', { status: 429 }),
    '/large': () => new Response('x'.repeat(200_000), { headers: { 'content-type': 'text/plain' } }),
    '/endless': () =>
      new Response(
        new ReadableStream({
          async pull(controller) {
            controller.enqueue(new Uint8Array(1000))
          },
        }),
        { headers: { 'content-type': 'text/plain' } },
      ),
    '/slow': async () => {
      await Bun.sleep(5000)
      return new Response('late')
    },
    '/to-page': Response.redirect('/page', 302),
    '/loop': Response.redirect('/loop', 302),
    '/to-private': Response.redirect('http://169.254.169.254/latest/', 307),
    '/to-other': new Response(null, { status: 301, headers: { location: 'http://other.test/' } }),
    '/to-file': new Response(null, { status: 302, headers: { location: 'file:///etc/passwd' } }),
  },
})
const origin = `http://site.test:${server.port}`

/** What is connected to, and by which name. */
const guarded = createGuardedFetch({
  privateHosts: [],
  lookup: async (name) => {
    if (name === 'site.test') return ['93.184.216.34']
    return name === 'other.test' ? ['10.0.0.1'] : Promise.reject(new Error('ENOTFOUND'))
  },
  fetch: async (url, init) => {
    hits.push(`${new URL(url).hostname} as ${new Headers(init.headers).get('host')}`)
    const local = new URL(url)
    local.hostname = '127.0.0.1'
    return fetch(local.href, init)
  },
})
const readPage = createPageReader(guarded, { timeoutMs: 300, maxBytes: 100_000 })
const read = async (path: string, wishes: object = {}) => {
  hits = []
  return readPage(path.startsWith('/') ? origin + path : path, {
    allows: () => true,
    maxChars: 50_000,
    signal: new AbortController().signal,
    ...wishes,
  })
}
afterAll(async () => server.stop(true))

describe('what is read', () => {
  test('HTML becomes Markdown, without scripts, with whole links and a title', async () => {
    const { page }: any = await read('/page')
    expect(page).toMatchObject({ type: 'document', title: 'The title', source: { type: 'text' } })
    expect(page.source.data).toContain(`[link](${origin}/relative)`)
    expect(page.source.data).toContain('| a')
    expect(page.source.data).not.toContain('hidden()')
    expect(page.source.data).not.toContain('<p>')
  })

  test('the address that was looked up is connected to, under the name that was asked for', async () => {
    await read('/text')
    expect(hits).toEqual([`93.184.216.34 as site.test:${server.port}`])
  })

  test('text as it is, in its own encoding, and JSON', async () => {
    expect(await read('/text')).toMatchObject({ page: { source: { data: 'plain' } } })
    expect(await read('/latin')).toMatchObject({ page: { source: { data: 'é' } } })
    expect(await read('/json')).toMatchObject({ page: { source: { data: '{"a":1}' } } })
  })

  test('a PDF file whole', async () => {
    expect(await read('/pdf')).toMatchObject({
      page: { source: { type: 'base64', media_type: 'application/pdf', data: 'JVBERi0xLjc=' } },
    })
  })

  test('redirects, and where they led', async () => {
    expect(await read('/to-page')).toMatchObject({ url: `${origin}/page`, page: { title: 'The title' } })
  })

  test('no more characters than are wanted, and it says so', async () => {
    const { page }: any = await read('/page', { maxChars: 40 })
    expect(page.source.data).toMatch(/\[The page goes on; \d+ characters are left out\.\]$/)
  })

  test('a page of millions of characters in a rougher way', async () => {
    const reader = createPageReader(
      async () => ({
        url: 'https://a.test/',
        response: new Response(
          `<title>T</title><body><script>no</script>${'<p>word</p>\n'.repeat(200_000)}</body>`,
        ),
      }),
      { timeoutMs: 20_000, maxBytes: 10_000_000 },
    )
    const { page }: any = await reader('https://a.test/', {
      allows: () => true,
      maxChars: 100,
      signal: new AbortController().signal,
    })
    expect(page).toMatchObject({ title: 'T', source: { data: expect.stringMatching(/^word\nword/) } })
  })
})

describe('what is not read, and why', () => {
  test.each([
    ['/missing', 'url_not_accessible', /status 404/],
    ['/busy', 'too_many_requests', /429/],
    ['/image', 'unsupported_content_type', /image\/png/],
    ['/large', 'content_too_large', /200000 bytes/],
    ['/endless', 'content_too_large', /more than 100000 bytes/],
    ['/slow', 'url_not_accessible', /longer than 0\.3 s/],
    ['/loop', 'url_not_accessible', /once too often/],
    ['/to-private', 'url_not_allowed', /not in the public internet/],
    ['/to-other', 'url_not_allowed', /not in the public internet/],
    ['/to-file', 'url_not_allowed', /file:/],
    ['http://other.test/', 'url_not_allowed', /not in the public internet/],
    ['http://nowhere.test/', 'url_not_allowed', /there is no host/],
    [`http://site.test/${'x'.repeat(3000)}`, 'url_too_long', /too long/],
    ['nonsense', 'url_not_allowed', /complete address/],
  ])('%s', async (path, error, detail) => {
    expect(await read(path)).toEqual({ error, detail: expect.stringMatching(detail) } as never)
  })

  test('what the caller does not allow, on every hop', async () => {
    const allows = (url: URL): boolean => url.pathname !== '/page'
    expect(await read('/to-page', { allows })).toMatchObject({ error: 'url_not_allowed' })
    expect(hits).toHaveLength(1)
  })

  test("the caller's own signal ends it", async () => {
    const gone = new AbortController()
    const reading = read('/slow', { signal: gone.signal })
    gone.abort(new Error('gone'))
    expect(await reading.catch((error: Error) => error.message)).toBe('gone')
  })
})
