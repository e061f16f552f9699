import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { RUNS_MIGRATIONS } from '../../src/runs/schema.ts'
import { openDatabase } from '../../src/store/database.ts'
import { runOf, silentLog, storeOf } from '../runs/make.ts'
import { message, post } from '../support/api.ts'
import { type Browser, CHROMIUM, type Page, startBrowser } from '../support/browser.ts'
import { script } from '../support/demo.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { until } from '../support/wait.ts'

setDefaultTimeout(60_000)

let server: TestServer

beforeAll(async () => {
  server = await startServer({ LOG_LEVEL: 'warn', ENABLE_CACHING: 'true' })
})

afterAll(async () => {
  await server.stop()
})

describe('the page', () => {
  test('needs nothing but this server, and allows nothing else', async () => {
    const page = await fetch(`${server.url}/dashboard`)
    expect(page.headers.get('content-security-policy')).toStartWith("default-src 'none'; script-src 'self'")
    const html = await page.text()
    const addresses = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1])
    expect(addresses).toHaveLength(3)
    for (const address of addresses) {
      expect(address).toStartWith('/dashboard/')
      expect((await fetch(`${server.url}${address}`)).status).toBe(200)
    }
    const bundle = await (await fetch(`${server.url}/dashboard/app.js`)).text()
    expect(bundle).not.toMatch(/https?:\/\/(?!www\.w3\.org)/)
  })
})

/** Writes runs into a file as the server would have. */
function fillHistory(path: string, count: number): void {
  const open = () => openDatabase({ path, migrations: RUNS_MIGRATIONS, stamp: () => '', log: silentLog })
  const store = storeOf({ open, maxRuns: count, maxAgeMs: 1e12, clock: { now: () => Date.now() } })
  for (let index = 0; index < count; index += 1000)
    store.add(
      Array.from({ length: 1000 }, (_, offset) => ({
        run: runOf({
          id: `req_${index + offset}`,
          started_at: new Date(Date.now() - (count - index - offset) * 1000).toISOString(),
        }),
      })),
    )
  store.close()
}

const inBrowser = CHROMIUM === null ? describe.skip : describe
const reason = CHROMIUM === null ? ' (skipped: there is no Chromium on this machine)' : ''

inBrowser(`the dashboard in a browser${reason}`, () => {
  let browser: Browser
  let page: Page

  const sees = async (text: string): Promise<void> =>
    until(text, async () => (await page.evaluate('document.body.innerText')).includes(text))
  const finds = async (selector: string): Promise<void> =>
    until(selector, async () => page.evaluate(`document.querySelector(${JSON.stringify(selector)}) !== null`))
  const click = async (selector: string): Promise<void> => {
    await finds(selector)
    await page.evaluate(`document.querySelector(${JSON.stringify(selector)}).click()`)
  }
  const answer = async (fields: object = {}, headers: Record<string, string> = {}): Promise<string> => {
    const response = await post(server, message({ model: 'big', ...fields }), { headers })
    await response.text()
    return response.headers.get('request-id') ?? ''
  }

  beforeAll(async () => {
    browser = await startBrowser()
    page = await browser.open()
    await page.resize(1280, 860)
  })
  afterAll(async () => {
    await browser[Symbol.asyncDispose]()
  })

  test('says what to do while there is nothing to see', async () => {
    await page.goto(`${server.url}/dashboard`)
    await sees('No requests yet')
    await sees('live · 0 running')
  })

  test('shows a run as it happens, and all of it when it is opened', async () => {
    const id = await answer(
      {},
      { 'x-claude-code-session-id': 'a-session', 'x-claude-code-agent-id': 'helper' },
    )
    await answer({}, { 'x-claude-code-session-id': 'a-session' })
    await finds(`[data-run="${id}"]`)
    await click(`[data-run="${id}"]`)
    await sees('map-model')
    await sees('Conversation, 2 runs')
    await sees('agent helper')
    expect(await page.evaluate('location.hash')).toBe(`#/runs/${id}`)
    await page.press('Escape')
    await until('closed', async () => page.evaluate('document.querySelector("dialog[open]") === null'))
  })

  test('is used with the keys alone', async () => {
    await page.press('/')
    await page.type('nothing-has-this-name')
    await sees('Nothing fits.')
    await page.press('Escape')
    await finds('[data-run]')
    await page.evaluate('document.querySelector("[data-run]").focus()')
    await page.press('ArrowDown')
    await until('the second row', async () => page.evaluate('document.activeElement.dataset.index === "1"'))
    await page.press('Enter')
    await finds('dialog[open] .waterfall')
    await page.press('Escape')
    await page.press('2')
    await until('the errors', async () =>
      page.evaluate('document.querySelector("h1").textContent === "Errors"'),
    )
  })

  test('tells errors with their reason', async () => {
    const id = await answer({
      messages: [{ role: 'user', content: script([{ error: { code: 402, message: 'no money left' } }]) }],
    })
    await click('nav a[href="#/errors"]')
    await finds(`[data-run="${id}"]`)
    await click(`[data-run="${id}"]`)
    await sees('no money left')
    await page.press('Escape')
  })

  test('draws cost and tokens over time, readable by the arrow keys', async () => {
    await click('nav a[href="#/usage"]')
    await finds('.chart-bar')
    await page.evaluate('document.querySelector(".chart-bar[tabindex=\'0\']").focus()')
    await until('a reading', async () =>
      page.evaluate('document.querySelector(".chart-readout").textContent.includes("$")'),
    )
    await page.press('ArrowLeft')
    expect(await page.evaluate('document.activeElement.getAttribute("aria-label")')).toContain(':')
  })

  test('shows the cache, and forgets its answers only when one says so twice', async () => {
    await click('nav a[href="#/cache"]')
    await sees('Hit rate')
    await click('.actions button')
    await sees('Really forget them')
    await click('.actions button')
    await until('none', async () =>
      page.evaluate('document.querySelectorAll(".figure-value")[2]?.textContent === "0"'),
    )
  })

  test('shows batches with their progress', async () => {
    const requests = [{ custom_id: 'one', params: message({ model: 'big' }) }]
    await (await post(server, { requests }, { path: '/v1/messages/batches' })).text()
    await click('nav a[href="#/batches"]')
    await sees('msgbatch_')
    await sees('1 of 1')
  })

  test('says that the server runs no tools where it does not', async () => {
    await click('nav a[href="#/tools"]')
    await sees('TOOL_EXECUTION_ENABLED')
  })

  test('shows upstreams and breakers', async () => {
    await click('nav a[href="#/upstreams"]')
    await sees('built in')
    await sees('Circuit breakers')
  })

  test('lets another model answer for an alias at once, and goes back', async () => {
    await click('nav a[href="#/models"]')
    await finds('input[name="big"]')
    await page.evaluate(`{
      const field = document.querySelector('input[name="big"]')
      field.value = 'deepseek/deepseek-v3.2'
      field.form.requestSubmit()
    }`)
    await sees('Switched by hand')
    const switched = await post(server, message({ model: 'big' }))
    expect(switched.headers.get('x-openrouter-model')).toBe('deepseek/deepseek-v3.2')
    await switched.text()
    await click('.card .quiet')
    await sees('A switch holds for new requests')
    const back = await post(server, message({ model: 'big' }))
    expect(back.headers.get('x-openrouter-model')).toBe('anthropic/claude-sonnet-4')
    await back.text()
  })

  test.each([
    ['light', 1280],
    ['dark', 1280],
    ['light', 390],
  ] as const)('fits a %s screen of %i pixels', async (scheme, width) => {
    await page.setScheme(scheme)
    await page.resize(width, 820)
    for (const link of await page.evaluate('[...document.querySelectorAll("nav a")].map((a) => a.hash)')) {
      await page.evaluate(`location.hash = ${JSON.stringify(link)}`)
      await finds('main h1')
      expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true)
    }
    await page.resize(1280, 860)
  })

  test('holds ten thousand runs without holding their rows', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'many-runs-'))
    fillHistory(join(dataDir, 'runs.db'), 10_000)
    await using full = await startServer({ LOG_LEVEL: 'warn', DATA_DIR: dataDir })
    await page.goto(`${full.url}/dashboard`)
    await sees('10,000 in the history')
    for (let round = 0; round < 20; round++)
      await page.evaluate(`new Promise((resolve) => {
        const list = document.querySelector('.virtual-list')
        list.scrollTop = list.scrollHeight
        setTimeout(resolve, 60)
      })`)
    await until('a thousand rows', async () =>
      page.evaluate('document.querySelector(".virtual-space").offsetHeight > 36_000'),
    )
    expect(await page.evaluate('document.querySelectorAll(".virtual-space .run-row").length')).toBeLessThan(
      60,
    )
    const slowestFrameMs = await page.evaluate(`new Promise((resolve) => {
      const list = document.querySelector('.virtual-list')
      let last = performance.now()
      let slowest = 0
      let frames = 0
      const step = (now) => {
        slowest = Math.max(slowest, now - last)
        last = now
        list.scrollTop -= 200
        if (++frames < 60) requestAnimationFrame(step)
        else resolve(slowest)
      }
      requestAnimationFrame(step)
    })`)
    expect(slowestFrameMs).toBeLessThan(500)
    // The live stream would break off with the server.
    await page.goto('about:blank')
    rmSync(dataDir, { recursive: true, force: true })
  })

  test('had nothing to complain of', () => {
    expect(page.complaints).toEqual([])
  })

  test('asks for the key where there is one, and asks again after a wrong one', async () => {
    await using keyed = await startServer({
      LOG_LEVEL: 'warn',
      SERVER_API_KEYS: 'client',
      ADMIN_API_KEY: 'operator',
    })
    page = await browser.open()
    await page.goto(`${keyed.url}/dashboard`)
    for (const key of ['wrong', 'operator']) {
      await finds('#admin-key')
      await page.evaluate(`{
        const field = document.querySelector('#admin-key')
        field.value = ${JSON.stringify(key)}
        field.form.requestSubmit()
      }`)
      if (key === 'wrong') await sees('That key is not the right one')
    }
    await sees('live · 0 running')
  })
})
