import { afterAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { COMMANDS } from '../../src/cli/commands.ts'
import { runProgram, startServer } from '../support/server.ts'
import { until } from '../support/wait.ts'

setDefaultTimeout(30_000)

const folder = mkdtempSync(join(tmpdir(), 'commands-'))
afterAll(() => rmSync(folder, { recursive: true }))

const HOME = join(folder, 'home')
mkdirSync(HOME)
/** Nothing listens there. */
const NOWHERE = 'http://127.0.0.1:9/v1'

/** A stand-in for Claude Code that prints how it was called. */
const CLAUDE = join(folder, 'claude')
writeFileSync(
  CLAUDE,
  `#!/bin/sh
echo "args: $*"
env | grep -E '^(ANTHROPIC|CLAUDE_CODE)_' | sort
curl -s "$ANTHROPIC_BASE_URL/health" 2>/dev/null
exit 7
`,
)
chmodSync(CLAUDE, 0o755)

const variablesOf = (text: string): Record<string, string> =>
  Object.fromEntries([...text.matchAll(/^([A-Z_]+)=(.*)$/gm)].map(([, name, value]) => [name, value]))

describe('code', () => {
  test('starts a server where none runs, and ends with Claude Code and its exit code', async () => {
    const settings = { HOME, DATA_DIR: join(folder, 'data'), PORT: '0', ANTHROPIC_API_KEY: 'sk-ant' }
    const { code, stdout, stderr } = await runProgram(settings, [
      'code',
      '--claude',
      CLAUDE,
      '--',
      '-p',
      'Hi',
    ])
    expect(code).toBe(7)
    expect(stdout).toContain('args: -p Hi\n')
    expect(stderr).toMatch(
      /^openrouter-anthropic-server at http:\/\/127\.0\.0\.1:\d+ for this session; upstream: the built-in DEMO/,
    )
    const variables = variablesOf(stdout)
    expect(variables).toMatchObject({
      ANTHROPIC_AUTH_TOKEN: 'any',
      ANTHROPIC_MODEL: 'big',
      ANTHROPIC_DEFAULT_HAIKU_MODEL: 'small',
      // The demo's model behind big.
      CLAUDE_CODE_MAX_CONTEXT_TOKENS: '1000000',
    })
    expect(variables).not.toHaveProperty('ANTHROPIC_API_KEY')
    if (Bun.which('curl')) expect(stdout).toContain('"service":"openrouter-anthropic-server"')
    expect(readFileSync(join(folder, 'data/code.log'), 'utf8')).toContain('"stopped"')
  })

  test('uses the server that runs, with its key', async () => {
    await using server = await startServer({ SERVER_API_KEYS: 'secret', DATA_DIR: join(folder, 'data2') })
    const settings = { HOME, PORT: new URL(server.url).port, SERVER_API_KEYS: 'secret', DATA_DIR: folder }
    const { stdout, stderr } = await runProgram(settings, ['code', '--claude', CLAUDE])
    expect(stderr).toBe('')
    expect(variablesOf(stdout)).toMatchObject({
      ANTHROPIC_BASE_URL: server.url,
      ANTHROPIC_AUTH_TOKEN: 'secret',
    })
  })

  test('goes to another port where a stranger has its own', async () => {
    using stranger = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: () => new Response('hello') })
    const settings = { HOME, PORT: String(stranger.port), DATA_DIR: join(folder, 'data3') }
    const { stdout } = await runProgram(settings, ['code', '--claude', CLAUDE])
    const { ANTHROPIC_BASE_URL } = variablesOf(stdout)
    expect(ANTHROPIC_BASE_URL).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    expect(ANTHROPIC_BASE_URL).not.toEndWith(`:${stranger.port}`)
  })

  test('says how to install a Claude Code that is not there', async () => {
    const { code, stderr } = await runProgram({ HOME }, ['code', '--claude', '/nonexistent/claude'])
    expect(code).toBe(1)
    expect(stderr).toContain('npm install -g @anthropic-ai/claude-code')
  })

  test('prints what a shell has to set, and no name that is a setting of the server', async () => {
    const { stdout } = await runProgram({ HOME, PORT: '9' }, ['code', '--print-env', '--shell', 'bash'])
    expect(stdout).toContain(`export ANTHROPIC_BASE_URL='http://127.0.0.1:9'\n`)
    expect(stdout).toContain('unset ANTHROPIC_API_KEY\n')
    expect(stdout).not.toMatch(/ ANTHROPIC_MODEL=/)
  })

  test('wants the arguments of Claude Code behind two dashes', async () => {
    const { code, stderr } = await runProgram({ HOME }, ['code', 'resume'])
    expect([code, stderr]).toEqual([2, expect.stringContaining('stand behind --')])
  })
})

describe('doctor', () => {
  test('finds all well with the demo', async () => {
    const { code, stdout } = await runProgram({ HOME, PORT: '0', DATA_DIR: join(folder, 'd') }, ['doctor'])
    expect(stdout).toContain('note  upstream   the built-in demo answers')
    expect(stdout).toEndWith('\nall is well\n')
    expect(code).toBe(0)
  })

  test('says what to do about each thing that is wrong', async () => {
    using stranger = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: () => new Response('hello') })
    const settings = {
      HOME,
      PORT: String(stranger.port),
      DATA_DIR: '/proc/nothing',
      OPENROUTER_BASE_URL: NOWHERE,
      NODE_EXTRA_CA_CERTS: '/dev/null',
    }
    const { code, stdout } = await runProgram(settings, ['doctor'])
    expect(code).toBe(1)
    expect(stdout).toMatch(/^fail {2}disk {7}.*DATA_DIR$/m)
    expect(stdout).toMatch(/^fail {2}port {7}.*is taken by another program; .*--port$/m)
    expect(stdout).toMatch(/^fail {2}certs {6}.*holds no PEM certificate/m)
    expect(stdout).toMatch(/^fail {2}upstream {3}http:\/\/127\.0\.0\.1:9\/v1 cannot be reached/m)
    expect(stdout).toEndWith('\n4 to mend\n')
  })

  test('asks the upstream for its models, and looks for those of the settings', async () => {
    using upstream = Bun.serve({
      hostname: '127.0.0.1',
      port: 0,
      fetch: () => Response.json({ data: [{ id: 'a/b' }] }),
    })
    const settings = {
      HOME,
      PORT: '0',
      DATA_DIR: join(folder, 'd'),
      OPENROUTER_BASE_URL: `http://127.0.0.1:${upstream.port}/v1`,
      ANTHROPIC_MODEL: 'no/such-model',
      ANTHROPIC_SMALL_FAST_MODEL: 'a/b',
    }
    const { stdout } = await runProgram(settings, ['doctor'])
    expect(stdout).toMatch(/^ok {4}upstream {3}.* answered in \d+ ms and lists 1 models$/m)
    expect(stdout).toMatch(/^ok {4}models {5}small is a\/b$/m)
    expect(stdout).toMatch(/^fail {2}models {5}ANTHROPIC_MODEL: the upstream does not list no\/such-model/m)
  })

  test('compares its version with that of the release that the settings name', async () => {
    let text = '999.0.0\n'
    using release = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: () => new Response(text) })
    const settings = {
      HOME,
      PORT: '0',
      DATA_DIR: join(folder, 'd'),
      UPDATE_URL: `http://127.0.0.1:${release.port}`,
    }
    const newer = await runProgram(settings, ['doctor'])
    expect(newer.stdout).toMatch(/^note {2}version {4}999\.0\.0 is at /m)
    await using server = await startServer(settings)
    await until('the log says so', () => server.output().includes('"update-available"'))
    text = '0.0.1'
    expect((await runProgram(settings, ['doctor'])).stdout).toMatch(/^ok {4}version {4}.* is the newest$/m)
    text = '<html>'
    expect((await runProgram(settings, ['doctor'])).stdout).toMatch(
      /^note {2}version {4}could not be compared/m,
    )
  })

  test('tells wrong settings and stops there', async () => {
    const { code, stdout } = await runProgram({ HOME, PORT: 'x', LOG_LEVEL: 'y' }, ['doctor'])
    expect([code, stdout.match(/^fail {2}config/gm)?.length]).toEqual([1, 2])
  })
})

describe('models', () => {
  test('are a table that words narrow down', async () => {
    const { stdout } = await runProgram({ HOME }, ['models', 'claude', 'opus'])
    expect(stdout).toMatch(/^MODEL +CONTEXT +OUTPUT +IN \$ +OUT \$ +CAN\n/)
    expect(stdout).toMatch(
      /^anthropic\/claude-opus-5\.5 +1000k +128k +5 +25 +tools thinking json images files$/m,
    )
    expect(stdout).toEndWith('\n1 model; prices are US dollars per million tokens\n')
  })

  test('are JSON for programs', async () => {
    const { stdout } = await runProgram({ HOME }, ['models', '--json', 'gpt-5.5'])
    expect(JSON.parse(stdout)).toEqual([
      expect.objectContaining({ id: 'openai/gpt-5.5', context_length: 400_000 }),
    ])
  })

  test('that cannot be had are told so', async () => {
    const none = await runProgram({ HOME }, ['models', 'zzz'])
    expect([none.code, none.stderr]).toEqual([1, 'no model has zzz in its name\n'])
    const dead = await runProgram({ HOME, OPENROUTER_BASE_URL: NOWHERE }, ['models'])
    expect([dead.code, dead.stderr]).toEqual([1, expect.stringContaining('no upstream listed its models')])
  })
})

describe('config', () => {
  test('shows what is in force and where it comes from, and no secret', async () => {
    const file = join(folder, 'shown.toml')
    writeFileSync(
      file,
      'port = 4100\n[upstreams.x]\nbase_url = "http://127.0.0.1:1/v1"\napi_key = "hush-1"\n',
    )
    const { stdout } = await runProgram({ HOME, OPENROUTER_API_KEY: 'hush-2' }, ['config', '--config', file])
    expect(stdout).toMatch(new RegExp(`^PORT +4100 +${file}:1$`, 'm'))
    expect(stdout).toMatch(/^OPENROUTER_API_KEY +\(set, not shown\) +the environment$/m)
    expect(stdout).toMatch(/^HOST +127\.0\.0\.1 +default$/m)
    expect(stdout).toContain('[upstreams.x]')
    expect(stdout).not.toContain('hush')
  })

  test('imports a file and writes it once, for its user alone', async () => {
    const source = join(folder, 'router.json')
    writeFileSync(
      source,
      '{"Providers":[{"name":"local","api_base_url":"http://127.0.0.1:1/v1/chat/completions","models":["m"]}]}',
    )
    const home = join(folder, 'home2')
    const first = await runProgram({ HOME: home }, ['config', 'import', source, '--write'])
    const path = join(home, '.config/openrouter-anthropic-server/config.toml')
    expect(first.stdout).toBe(`written: ${path}\n`)
    expect(statSync(path).mode & 0o777).toBe(0o600)
    const second = await runProgram({ HOME: home }, ['config', 'import', source, '--write'])
    expect([second.code, second.stderr]).toEqual([1, expect.stringContaining('exists already')])
    expect((await runProgram({ HOME: home }, ['config'])).stdout).toContain(
      'base_url = "http://127.0.0.1:1/v1"',
    )
  })

  test('complains of what cannot be imported', async () => {
    const { code, stderr } = await runProgram({ HOME }, ['config', 'import', '/nonexistent.json'])
    expect([code, stderr]).toEqual([1, '/nonexistent.json: there is no such file; name the one to import\n'])
    expect((await runProgram({ HOME }, ['config', 'export'])).stderr).toStartWith(
      '"export": unknown; allowed: show, import\n',
    )
  })
})

describe('init', () => {
  test('writes a file of comments where it may not ask', async () => {
    const home = join(folder, 'home3')
    expect((await runProgram({ HOME: home }, ['init'])).stderr).toContain('--yes')
    const { stdout } = await runProgram({ HOME: home }, ['init', '--yes'])
    expect(stdout).toContain(`written: ${join(home, '.config/openrouter-anthropic-server/config.toml')}`)
  })
})

test('status says who answers, and how to start a server where nobody does', async () => {
  await using server = await startServer()
  const there = await runProgram({ HOME }, ['status', '--server', server.url])
  expect(there.stdout).toMatch(/^openrouter-anthropic-server \S+ at http:\S+: \w+\n$/)
  const gone = await runProgram({ HOME, PORT: '9' }, ['status'])
  expect([gone.code, gone.stderr]).toEqual([
    1,
    expect.stringContaining('start one with "openrouter-anthropic-server"'),
  ])
})

test.each(Object.keys(COMMANDS))('help for %s is printed by both ways to ask for it', async (name) => {
  const [one, other] = await Promise.all([
    runProgram({ HOME }, ['help', name]),
    runProgram({ HOME }, [name, '--help']),
  ])
  expect(one.stdout).toContain(`openrouter-anthropic-server ${name}`)
  expect(other.stdout).toBe(one.stdout)
})
