import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { startServer, type TestServer } from '../support/server.ts'
import { startUpstream, textAnswer } from '../support/upstream.ts'
import { until } from '../support/wait.ts'

const first = startUpstream((body) => textAnswer('first', body))
const second = startUpstream((body) => textAnswer('second', body))
let folder = ''
let server: TestServer

const file = (): string => join(folder, 'config.toml')

/** As editors do it: a new file takes the old one's place. */
const write = async (tables: string): Promise<void> => {
  const text = `
    openrouter_base_url = "${first.baseUrl}"
    [upstreams.second]
    base_url = "${second.baseUrl}"
    api_key = "its-key"
    models = ["qwen*"]
    headers = { X-Team = "blue" }
    ${tables}
  `
  await Bun.write(`${file()}~`, text)
  await rename(`${file()}~`, file())
}

const count = (event: string): number => server.output().split(`"${event}"`).length - 1

/** Until the server has noticed. */
const change = async (tables: string, event: string): Promise<void> => {
  const before = count(event)
  await write(tables)
  await until(event, () => count(event) > before)
}

const post = async (model: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${server.url}/v1/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ model, max_tokens: 10, messages: [{ role: 'user', content: 'Hi' }] }),
  })

/** Which upstream answered. */
const ask = async (model: string, headers: Record<string, string> = {}): Promise<string> => {
  const { content } = (await (await post(model, headers)).json()) as { content: [{ text: string }] }
  return content[0].text
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'routing-'))
  await write('[models."second/*".options]\nseed = 7')
  server = await startServer({ CONFIG_FILE: file() })
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await Promise.all([first[Symbol.asyncDispose](), second[Symbol.asyncDispose]()])
  await rm(folder, { recursive: true })
})

test('a model is asked at the upstream that has it, with what the file says of both', async () => {
  expect(await ask('any/model')).toBe('first')
  expect(await ask('qwen3')).toBe('second')
  expect(await ask('second/other')).toBe('second')
  expect(second.bodies.map(({ model, seed }) => [model, seed])).toEqual([
    ['qwen3', 7],
    ['other', 7],
  ])
  expect(second.headers[0]?.get('authorization')).toBe('Bearer its-key')
  expect(second.headers[0]?.get('x-team')).toBe('blue')
})

describe('a changed file', () => {
  test('brings routes to a running server', async () => {
    expect(await ask('claude-haiku-4-5')).toBe('first')
    await change('[routes]\nbackground = "second/small"\nthinking = "second/r1"', 'config-reloaded')
    expect(await ask('claude-haiku-4-5')).toBe('second')
    expect(await ask('claude-sonnet-4-5')).toBe('first')
    expect(await ask('any/model', { 'x-route': 'thinking' })).toBe('second')
    expect(second.bodies.at(-1)?.['model']).toBe('r1')
  })

  test('with a problem changes nothing', async () => {
    await change('[routes]\nbackgroud = "x"', 'config-refused')
    expect(server.output()).toContain('unknown key')
    expect(await ask('claude-haiku-4-5')).toBe('second')
  })

  test('is read at SIGHUP too', async () => {
    await change('[routes]\ndefault = "second/x"', 'config-reloaded')
    const before = count('config-reloaded')
    process.kill(server.pid, 'SIGHUP')
    await until('a reload', () => count('config-reloaded') > before)
    expect(await ask('claude-sonnet-4-5')).toBe('second')
  })
})

test('a route that is not there is refused', async () => {
  const response = await post('any/model', { 'x-route': 'nope' })
  expect(response.status).toBe(400)
  expect(await response.text()).toContain("x-route: there is no route 'nope'")
})
