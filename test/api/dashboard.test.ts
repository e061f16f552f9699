import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'

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
    await page.type('claude-sonnet-4')
    await sees('in the history')
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

  test('searches and filters on the server', async () => {
    await click('nav a[href="#/runs"]')
    await finds('[data-search]')
    await page.evaluate(`{
      const field = document.querySelector('[data-search]')
      field.value = 'nothing-has-this-name'
      field.dispatchEvent(new Event('input'))
    }`)
    await sees('Nothing fits.')
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
