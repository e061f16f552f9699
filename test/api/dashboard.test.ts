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
  // It would wait for the batches that hang.
  await server.stop('SIGKILL')
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

  test('opens a run by its address, and goes on with the buttons of its panel', async () => {
    const [older, newer] = [await answer(), await answer()]
    await page.goto('about:blank')
    await page.goto(`${server.url}/dashboard#/runs/${older}`)
    await sees(older)
    await finds(`[data-run="${newer}"]`)
    await click('[aria-label="Newer run"]')
    await until('the newer one', async () =>
      page.evaluate(`document.querySelector('.panel').innerText.includes(${JSON.stringify(newer)})`),
    )
    expect(await page.evaluate('location.hash')).toBe(`#/runs/${newer}`)
    await page.press('j')
    await sees(older)
    await click('.panel [aria-label="Close"]')
    await until('closed', async () => page.evaluate('location.hash === "#/runs"'))
  })

  test('filters the runs by how they ended', async () => {
    await answer()
    const failed = await answer({
      messages: [{ role: 'user', content: script([{ error: { status: 402, message: 'no money' } }]) }],
    })
    await click('.segments input[value="error"]')
    await until('the failed ones alone', async () =>
      page.evaluate(`{
        const shown = [...document.querySelectorAll('.virtual-space .run-row')]
        shown.length > 0 && shown.every((row) => row.querySelector('.status.is-error'))
      }`),
    )
    await finds(`[data-run="${failed}"]`)
    await click('.segments input[value="cancelled"]')
    await sees('Nothing fits.')
    await click('.segments input[value=""]')
    await finds('.virtual-space .status.is-ok')
  })

  test('changes its colours, and remembers them', async () => {
    const ground = async (): Promise<string> =>
      page.evaluate('getComputedStyle(document.body).backgroundColor')
    await page.setScheme('light')
    const light = await ground()
    for (const theme of ['light', 'dark']) {
      await click('button.theme')
      expect(await page.evaluate('document.querySelector("button.theme").title')).toBe(`Colours: ${theme}`)
    }
    expect(await ground()).not.toBe(light)
    await page.goto('about:blank')
    await page.goto(`${server.url}/dashboard`)
    expect(await ground()).not.toBe(light)
    await click('button.theme')
    expect(await ground()).toBe(light)
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
    await click('input[name="window"][value="1"]')
    await page.evaluate(`{
      const select = document.querySelector('.toolbar select')
      select.value = 'agent'
      select.dispatchEvent(new Event('change'))
    }`)
    await sees('no agent')
    await sees('helper')
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

  test('cancels a batch when one says so twice, and shows how it ends', async () => {
    const params = message({
      model: 'big',
      messages: [{ role: 'user', content: script([{ text: 'Slow' }, { hang: true }]) }],
    })
    const create = async (): Promise<string> => {
      const requests = [{ custom_id: 'one', params }]
      const created = await post(server, { requests }, { path: '/v1/messages/batches' })
      return ((await created.json()) as { id: string }).id
    }
    const [kept, batch] = [await create(), await create()]
    const row = async (id: string): Promise<string> =>
      page.evaluate(`{
        const rows = [...document.querySelectorAll('tbody tr')]
        rows.find((row) => row.innerText.includes(${JSON.stringify(id)}))?.innerText ?? ''
      }`)
    await click('nav a[href="#/batches"]')
    const button = `#cancel-${batch}`
    await finds(button)
    await page.evaluate(`document.querySelector(${JSON.stringify(button)}).focus()`)
    await page.press('Enter')
    expect(await row(batch)).toContain('Really cancel')
    expect(await row(batch)).toContain('in progress')
    // What changes meanwhile takes the question away from nobody.
    await create()
    const polls =
      'performance.getEntriesByType("resource").filter(({ name }) => name.endsWith("/admin/batches")).length'
    const before = await page.evaluate(polls)
    await until('the next look', async () => (await page.evaluate(polls)) > before)
    expect(await row(batch)).toContain('Really cancel')
    await page.press('Enter')
    await until('the end', async () => (await row(batch)).includes('ended'))
    expect(await page.evaluate(`document.querySelector(${JSON.stringify(button)})`)).toBeNull()
    expect(await page.evaluate('document.activeElement.getAttribute("aria-label")')).toBe('Batches')
    const results: any = await (await fetch(`${server.url}/v1/messages/batches/${batch}`)).json()
    expect(results.request_counts).toMatchObject({ canceled: 1, processing: 0 })
    expect(await row(kept)).toContain('in progress')
  })

  test('says why a batch cannot be cancelled, and offers it again', async () => {
    await page.evaluate(`{
      const button = document.querySelector('button[id^="cancel-"]')
      window.asked = button.id.slice('cancel-'.length)
      window.realFetch = fetch
      window.fetch = async (path, init) =>
        init?.method === 'POST'
          ? Response.json({ error: { message: 'The disk is full.' } }, { status: 500 })
          : realFetch(path, init)
      button.click()
      button.click()
    }`)
    await sees('The disk is full.')
    await page.evaluate('window.fetch = realFetch')
    await until('the button as before', async () =>
      page.evaluate('document.querySelector("#cancel-" + asked)?.textContent === "Cancel"'),
    )
  })

  test('keeps the place in a wide table while its figures change', async () => {
    await page.resize(390, 820)
    await page.evaluate('document.querySelector(".scroll-x").scrollLeft = 200')
    const before = await page.evaluate('document.querySelector("tbody").rows.length')
    const requests = [{ custom_id: 'one', params: message({ model: 'big' }) }]
    await (await post(server, { requests }, { path: '/v1/messages/batches' })).text()
    await until('another row', async () =>
      page.evaluate(`document.querySelector('tbody').rows.length === ${before + 1}`),
    )
    expect(await page.evaluate('document.querySelector(".scroll-x").scrollLeft')).toBe(200)
    await page.resize(1280, 860)
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
    await page.evaluate(`{
      const field = document.querySelector('input[name="small"]')
      field.value = 'big'
      field.form.requestSubmit()
    }`)
    await sees('an alias cannot stand for an alias')
    await click('.card .quiet')
    await sees('A switch holds for new requests')
    const back = await post(server, message({ model: 'big' }))
    expect(back.headers.get('x-openrouter-model')).toBe('anthropic/claude-sonnet-4')
    await back.text()
  })

  test('finds a model in the catalogue', async () => {
    await click('nav a[href="#/models"]')
    await page.press('/')
    await page.type('deepseek-r1')
    await until('the only one', async () =>
      page.evaluate(
        'document.querySelector("tbody").innerText.startsWith("deepseek/deepseek-r1") && document.querySelector("tbody").rows.length === 1',
      ),
    )
  })

  test.each([
    ['light', 1280],
    ['dark', 1280],
    ['light', 390],
    ['dark', 390],
  ] as const)('fits a %s screen of %i pixels', async (scheme, width) => {
    await page.setScheme(scheme)
    await page.resize(width, 820)
    for (const link of await page.evaluate('[...document.querySelectorAll("nav a")].map((a) => a.hash)')) {
      await page.evaluate(`location.hash = ${JSON.stringify(link)}`)
      await finds('main h1')
      expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true)
      // The page that one is on can be read in the bar.
      expect(
        await page.evaluate(`{
          const { left, right } = document.querySelector('nav [aria-current]').getBoundingClientRect()
          left >= 0 && right <= innerWidth
        }`),
      ).toBe(true)
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

  test('had nothing to complain of but the switch that was refused', () => {
    const refused = 'Failed to load resource: the server responded with a status of 400 (Bad Request)'
    expect(page.complaints).toEqual([refused])
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
