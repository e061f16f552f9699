import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { message, type Place, post, refusal, refusalOf, sdk } from '../support/api.ts'
import { runProgram, startServer, type TestServer } from '../support/server.ts'
import { startUpstream, textAnswer } from '../support/upstream.ts'
import { until } from '../support/wait.ts'

setDefaultTimeout(30_000)

const ADMIN = 'the-admin-key'
const folder = mkdtempSync(join(tmpdir(), 'keys-api-'))
const upstream = startUpstream((body) => textAnswer('Hello', body))
let server: TestServer

beforeAll(async () => {
  server = await startServer({
    OPENROUTER_BASE_URL: upstream.baseUrl,
    ADMIN_API_KEY: ADMIN,
    SERVER_API_KEYS: 'plain-key',
    DATA_DIR: join(folder, 'admin'),
  })
})

afterAll(async () => {
  await Promise.all([server.stop(), upstream[Symbol.asyncDispose]()])
  rmSync(folder, { recursive: true })
})

const admin = async (path: string, method = 'GET', body?: object, key = ADMIN): Promise<Response> =>
  fetch(`${server.url}/admin/keys${path}`, {
    method,
    headers: { 'x-api-key': key },
    ...(body ? { body: JSON.stringify(body) } : {}),
  })

const create = async (fields: object = {}): Promise<any> =>
  (await admin('', 'POST', { name: 'test', ...fields })).json()

const ask = async (place: Place, key: string, fields: object = {}): Promise<Response> =>
  post(place, message(fields), { headers: { 'x-api-key': key } })

describe('a key of the admin API', () => {
  test('is told once, and answers from then on', async () => {
    const { key, ...record } = await create({ name: 'ci', limits: { daily_budget_usd: 2 } })
    expect(key).toMatch(/^sk-oas-/)
    expect(record).toMatchObject({
      type: 'api_key',
      name: 'ci',
      status: 'active',
      limits: { daily_budget_usd: 2 },
    })
    expect((await ask(server, key)).status).toBe(200)
    const list = await (await admin('')).text()
    expect(JSON.parse(list).data).toContainEqual(record)
    expect(list).not.toContain(key)
    expect(await (await admin(`/${record.id}`)).json()).toEqual(record)
    expect(server.output()).not.toContain(key)
  })

  test('works with the SDK', async () => {
    const { key } = await create()
    const answer = await sdk(server, { apiKey: key }).messages.create(message({}))
    expect(answer.content).toMatchObject([{ type: 'text', text: 'Hello' }])
  })

  test('is refused once it was revoked', async () => {
    const { key, id } = await create()
    expect(await (await admin(`/${id}`, 'DELETE')).json()).toMatchObject({ id, status: 'revoked' })
    expect(await refusalOf(await ask(server, key))).toMatchObject({
      status: 401,
      type: 'authentication_error',
      message: 'API key was revoked.',
    })
  })

  test('is good for the models that it names, by either name', async () => {
    const { key } = await create({ models: ['small', 'openai/*'] })
    for (const model of ['small', 'anthropic/claude-3.7-sonnet', 'openai/gpt-5'])
      expect((await ask(server, key, { model })).status).toBe(200)
    for (const fields of [
      { model: 'big' },
      { model: 'openai/gpt-5', fallbacks: [{ model: 'x/y' }] },
      { model: 'openai/gpt-5', models: ['openai/gpt-5', 'x/y'] },
      { model: 'openai/gpt-5', openrouter: { models: ['x/y'] } },
    ])
      expect(await refusalOf(await ask(server, key, fields))).toMatchObject({
        status: 403,
        type: 'permission_error',
        message: expect.stringMatching(/^model: this key may not use ".+"; it may use small, openai\/\*$/),
      })
  })

  test('is shown the models that it may ask, and no others', async () => {
    const { key } = await create({ models: ['small'] })
    const { models } = sdk(server, { apiKey: key })
    const { data } = await models.list()
    expect(data.map(({ id }) => id)).toEqual(['small'])
    expect(await models.retrieve('small')).toMatchObject({ id: 'small' })
    const refused = await fetch(`${server.url}/v1/models/big`, { headers: { 'x-api-key': key } })
    expect(await refusalOf(refused)).toMatchObject({
      status: 404,
      type: 'not_found_error',
      message: 'model: big',
    })
  })

  test.each([
    [{}, 'name: Field required'],
    [{ name: 'x', models: 'all' }, 'models: '],
    [{ name: 'x', limits: { requests_per_minute: 0 } }, 'limits.requests_per_minute: '],
    [{ name: 'x', budget: 5 }, 'budget: Extra inputs are not permitted'],
    [{ name: 'x', limits: { daily_budget: 5 } }, 'limits.daily_budget: Extra inputs are not permitted'],
    [{ name: 'x', expires_at: 'soon' }, 'expires_at: Input should be a valid datetime'],
    [{ name: 'x', expires_at: '2020-01-01T00:00:00Z' }, 'expires_at: Input should be in the future'],
  ])('is not made of %j', async (body, words) => {
    const found = await refusalOf(await admin('', 'POST', body))
    expect(found).toMatchObject({ status: 400, type: 'invalid_request_error' })
    expect(found.message).toStartWith(words)
  })
})

describe('a key that is edited', () => {
  const edit = async (id: string, changes: object): Promise<any> => {
    const response = await admin(`/${id}`, 'PATCH', changes)
    expect(response.status).toBe(200)
    return response.json()
  }

  test('keeps what is not said, loses what is null, and stays the same key', async () => {
    const { key, ...made } = await create({
      name: 'old',
      expires_at: '2999-01-01T00:00:00Z',
      models: ['small'],
      tools: false,
      server_tools: ['Read'],
      limits: { requests_per_minute: 5, daily_budget_usd: 2 },
    })
    const renamed = await edit(made.id, { name: 'new', limits: { daily_budget_usd: null } })
    expect(renamed).toEqual({ ...made, name: 'new', limits: { ...made.limits, daily_budget_usd: null } })
    const freed = { expires_at: null, models: null, tools: null, server_tools: null, limits: null }
    expect(await edit(made.id, freed)).toMatchObject({
      name: 'new',
      status: 'active',
      expires_at: null,
      models: null,
      tools: true,
      server_tools: [],
      limits: { requests_per_minute: null, daily_budget_usd: null },
    })
    expect((await ask(server, key)).status).toBe(200)
  })

  test('may do from its next request on what was said, by its new name', async () => {
    const { key, id } = await create({ models: ['small'] })
    expect((await ask(server, key, { model: 'big' })).status).toBe(403)
    await edit(id, { name: 'wide', models: ['big'], limits: { requests_per_minute: 1 } })
    expect((await ask(server, key, { model: 'big' })).status).toBe(200)
    expect(await refusalOf(await ask(server, key, { model: 'big' }))).toMatchObject({
      status: 429,
      message: expect.stringContaining('rate limit of 1 requests per minute (key: wide,'),
    })
    await edit(id, { limits: { requests_per_minute: null } })
    expect((await ask(server, key, { model: 'big' })).status).toBe(200)
    expect((await ask(server, key, { model: 'small' })).status).toBe(403)
  })

  test.each([
    [{ name: '' }, 'name: '],
    [{ name: null }, 'name: '],
    [{ models: 'all' }, 'models: Expected array'],
    [{ models: ['small', ''] }, 'models.1: '],
    [{ expires_at: '2020-01-01T00:00:00Z' }, 'expires_at: Input should be in the future'],
    [{ limits: { requests_per_minute: 0 } }, 'limits.requests_per_minute: '],
    [{ limits: { daily_budget: 5 } }, 'limits.daily_budget: Extra inputs are not permitted'],
    [{ status: 'revoked' }, 'status: Extra inputs are not permitted'],
    [[], 'The request body: '],
  ])('stays as it was where the change is wrong: %j', async (changes, words) => {
    const { id } = await create()
    const made = await (await admin(`/${id}`)).json()
    const found = await refusalOf(await admin(`/${id}`, 'PATCH', changes))
    expect(found).toMatchObject({ status: 400, type: 'invalid_request_error' })
    expect(found.message).toStartWith(words)
    expect(await (await admin(`/${id}`)).json()).toEqual(made)
  })

  test('stays revoked', async () => {
    const { key, id } = await create()
    const revoked: any = await (await admin(`/${id}`, 'DELETE')).json()
    expect(await refusalOf(await admin(`/${id}`, 'PATCH', { name: 'back' }))).toMatchObject({
      status: 400,
      type: 'invalid_request_error',
      message: expect.stringContaining(`The key "${id}" was revoked`),
    })
    expect(await (await admin(`/${id}`)).json()).toEqual(revoked)
    expect((await ask(server, key)).status).toBe(401)
  })

  test('is changed by the admin key alone', async () => {
    const { key, id } = await create({ limits: { daily_budget_usd: 1 } })
    const own = await admin(`/${id}`, 'PATCH', { limits: null }, key)
    expect(own.status).toBe(403)
    expect(await (await admin(`/${id}`)).json()).toMatchObject({ limits: { daily_budget_usd: 1 } })
  })
})

describe('the admin API', () => {
  test('wants the admin key', async () => {
    const { key } = await create()
    for (const other of ['plain-key', key])
      expect(await refusalOf(await admin('', 'POST', { name: 'x' }, other))).toMatchObject({
        status: 403,
        type: 'permission_error',
        message: 'This needs the key that ADMIN_API_KEY holds',
      })
    expect((await admin('', 'GET', undefined, 'wrong')).status).toBe(401)
  })

  test('knows no key that does not exist', async () => {
    expect(await refusalOf(await admin('/key-0'))).toMatchObject({ status: 404, type: 'not_found_error' })
    expect((await admin('/key-0', 'DELETE')).status).toBe(404)
    expect((await admin('/key-0', 'PATCH', { name: 'x' })).status).toBe(404)
  })

  test('is off where there is no admin key', async () => {
    await using open = await startServer({ OPENROUTER_BASE_URL: upstream.baseUrl })
    const found = await refusal(open, { name: 'x' }, { path: '/admin/keys' })
    expect(found).toMatchObject({ status: 403, type: 'permission_error' })
    expect(found.message).toContain('ADMIN_API_KEY')
  })

  test('says that answers are neither sniffed nor shared', async () => {
    const { headers } = await admin('')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('cross-origin-resource-policy')).toBe('same-origin')
  })
})

describe('keys on the command line', () => {
  const DATA_DIR = join(folder, 'command-line')
  const keys = async (...args: readonly string[]) => runProgram({ DATA_DIR }, ['keys', ...args])

  test('close a running server, and open and shut it for their holders', async () => {
    await using running = await startServer({ OPENROUTER_BASE_URL: upstream.baseUrl, DATA_DIR })
    expect((await ask(running, 'any')).status).toBe(200)
    const made = await keys('create', '--name', 'laptop', '--expires', '90d', '--json')
    const { key, id } = JSON.parse(made.stdout)
    await until('strangers are refused', async () => (await ask(running, 'any')).status === 401)
    expect((await ask(running, key)).status).toBe(200)
    expect((await keys('list')).stdout).toMatch(new RegExp(`^${id}  active   laptop  expires .*Z\n$`))
    expect((await keys('revoke', id)).stdout).toStartWith(`${id}  revoked  laptop`)
    await until('the key is refused', async () => (await ask(running, key)).status === 401)
    expect((await ask(running, 'any')).status).toBe(401)
  })

  test('let a server be reached from other machines', async () => {
    const settings = { DATA_DIR: join(folder, 'wide'), HOST: '0.0.0.0', PORT: '0' }
    const refused = await runProgram(settings)
    expect(refused.code).toBe(2)
    expect(refused.stderr).toContain('keys create')
    const { stdout } = await runProgram(settings, ['keys', 'create', '--name', 'x', '--json'])
    await using wide = await startServer({ ...settings, OPENROUTER_BASE_URL: upstream.baseUrl })
    const place = { url: wide.url.replace('0.0.0.0', '127.0.0.1') }
    expect((await ask(place, 'any')).status).toBe(401)
    expect((await ask(place, JSON.parse(stdout).key)).status).toBe(200)
  })

  test('change a key for the server that runs', async () => {
    const settings = { DATA_DIR: join(folder, 'edited') }
    const run = async (...args: readonly string[]) => runProgram(settings, ['keys', ...args])
    const made = await run('create', '--name', 'a', '--models', 'small', '--no-tools', '--json')
    const { key, id } = JSON.parse(made.stdout)
    await using running = await startServer({ OPENROUTER_BASE_URL: upstream.baseUrl, ...settings })
    expect((await ask(running, key, { model: 'big' })).status).toBe(403)
    const edited = await run('edit', id, '--name', 'b', '--clear', 'models,--no-tools', '--daily-budget', '3')
    expect(edited.stdout).toBe(`${id}  active   b  daily_budget_usd 3\n`)
    await until('the key may ask', async () => (await ask(running, key, { model: 'big' })).status === 200)
    expect((await run('edit', id, '--clear', 'daily-budget')).stdout).toBe(`${id}  active   b\n`)
    await run('revoke', id)
    const late = await run('edit', id, '--name', 'c')
    expect(late.code).toBe(2)
    expect(late.stderr).toContain(`the key ${id} was revoked, and stays as it is`)
  })

  test.each([
    [['create'], '--name: is needed'],
    [['create', '--name', 'x', '--clear', 'models'], '--clear: a new key has nothing to take away'],
    [['edit'], 'keys edit: needs the id'],
    [['edit', 'key-1', '--name', 'x'], 'keys edit: there is no key "key-1"'],
    [['edit', 'key-1'], 'keys edit: needs a flag that says what to change'],
    [['edit', 'key-1', '--clear', 'modles'], '--clear: "modles" is not allowed'],
    [['edit', 'key-1', '--models', 'x', '--clear', 'models'], '--clear: --models is given too'],
    [['create', '--name', 'x', '--expires', 'soon'], '--expires: "soon" is not allowed'],
    [['create', '--name', 'x', '--daily-budget', '-1'], '--daily-budget: "-1" is not allowed'],
    [['create', '--name', 'x', '--requests-per-minute=1.5'], '--requests-per-minute: "1.5" is not allowed'],
    [['revoke'], 'keys revoke: needs the id'],
    [['revoke', 'key-1'], 'keys revoke: there is no key "key-1"'],
    [['lsit'], 'keys: "lsit": unknown; did you mean list?'],
    [[], 'keys: needs one of create, list, edit, revoke'],
  ])('%j say what is wrong', async (args, words) => {
    const { code, stderr } = await keys(...args)
    expect(code).toBe(2)
    expect(stderr).toContain(words)
  })
})

describe("a caller's own OpenRouter key", () => {
  const OWN = 'sk-or-v1-0123456789abcdef'

  test('goes upstream where the setting says so, and opens nothing else', async () => {
    await using passing = await startServer(
      { SERVER_API_KEYS: 'ours', OPENROUTER_API_KEY: 'operators', OPENROUTER_PASS_THROUGH: 'true' },
      ['--openrouter-base-url', upstream.baseUrl, '--config', await openrouterDialect()],
    )
    expect((await ask(passing, OWN)).status).toBe(200)
    expect(upstream.headers.at(-1)?.get('authorization')).toBe(`Bearer ${OWN}`)
    expect((await ask(passing, 'ours')).status).toBe(200)
    expect(upstream.headers.at(-1)?.get('authorization')).toBe('Bearer operators')
    expect((await ask(passing, 'neither')).status).toBe(401)
    const stats = await fetch(`${passing.url}/v1/messages/cache/stats`, { headers: { 'x-api-key': OWN } })
    expect(stats.status).toBe(403)
    expect(passing.output()).not.toContain(OWN)
  })

  test('is shown the models that it may ask, and no others', async () => {
    await using router = startCatalogue('deepseek/chat', 'near/by', 'openai/gpt')
    await using other = startCatalogue('llama', 'qwen')
    const path = join(folder, 'reach.toml')
    await Bun.write(
      path,
      `[upstreams.default]
       dialect = "openrouter"
       [upstreams.local]
       base_url = "${other.url}"
       [models."near/*"]
       upstream = "local"
       [aliases]
       house = "local/llama"
       far = "deepseek/chat"`,
    )
    await using passing = await startServer(
      { SERVER_API_KEYS: 'ours', OPENROUTER_API_KEY: 'operators', OPENROUTER_PASS_THROUGH: 'true' },
      ['--openrouter-base-url', router.url, '--config', path],
    )
    const look = async (key: string, model = ''): Promise<any> =>
      (await fetch(`${passing.url}/v1/models${model}`, { headers: { 'x-api-key': key } })).json()
    const listed = async (key: string): Promise<string[]> =>
      (await look(key)).data.map(({ id }: { id: string }) => id)
    const all = await listed('ours')
    expect(all).toEqual(expect.arrayContaining(['house', 'far', 'deepseek/chat', 'near/by', 'local/llama']))
    const shown = await listed(OWN)
    for (const model of all) {
      const mayAsk = (await ask(passing, OWN, { model })).status === 200
      expect([model, shown.includes(model)]).toEqual([model, mayAsk])
      const { id, error } = await look(OWN, `/${model}`)
      expect(id ?? error.type).toBe(mayAsk ? model : 'not_found_error')
    }
    expect(shown).toEqual(expect.arrayContaining(['far', 'deepseek/chat', 'openai/gpt']))
    expect(shown).not.toContain('house')
  })

  test('is a key like any other where it does not', async () => {
    expect((await ask(server, OWN)).status).toBe(401)
  })

  /** An upstream that has these models. */
  const startCatalogue = (...ids: readonly string[]) => {
    const place = Bun.serve({
      hostname: '127.0.0.1',
      port: 0,
      async fetch(request) {
        if (request.method !== 'POST') return Response.json({ data: ids.map((id) => ({ id })) })
        return textAnswer('Hello', (await request.json()) as Record<string, unknown>)
      },
    })
    return {
      url: `http://127.0.0.1:${place.port}/v1`,
      [Symbol.asyncDispose]: async () => place.stop(true),
    }
  }

  const openrouterDialect = async (): Promise<string> => {
    const path = join(folder, 'dialect.toml')
    await Bun.write(path, '[upstreams.default]\ndialect = "openrouter"\n')
    return path
  }
})

describe('a server without keys', () => {
  test.each([
    ['evil.example', 403],
    ['evil.example.:4000', 403],
    ['box', 200],
    ['host.docker.internal:4000', 200],
    ['llm.example.com', 200],
    ['10.0.0.1', 200],
  ])('asked as %s', async (host, status) => {
    await using open = await startServer({
      OPENROUTER_BASE_URL: upstream.baseUrl,
      ALLOWED_HOSTS: 'llm.example.com',
    })
    expect((await post(open, message({}), { headers: { host } })).status).toBe(status)
  })
})
