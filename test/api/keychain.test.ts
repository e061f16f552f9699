import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { join } from 'node:path'

import { message, post } from '../support/api.ts'
import { type KeychainSession, missingForKeychain, startKeychain } from '../support/keychain.ts'
import { runProgram, startServer } from '../support/server.ts'
import { startUpstream, textAnswer } from '../support/upstream.ts'
import { until } from '../support/wait.ts'

setDefaultTimeout(30_000)

const missing = missingForKeychain()
if (missing) test.skip(`the keychain of the system: ${missing} is not installed`, () => {})
else
  describe('the keychain of the system', () => {
    const upstream = startUpstream((body) => textAnswer('Hello', body))
    let session: KeychainSession
    const run = async (args: readonly string[], settings: Record<string, string> = {}, input?: string) =>
      runProgram({ ...session.env, ...settings }, args, input)
    const store = async (name: string, secret: string): Promise<void> =>
      expect(await run(['keychain', 'set', name], {}, secret)).toMatchObject({ code: 0, stderr: '' })

    beforeAll(async () => {
      session = await startKeychain()
    })
    afterAll(async () => {
      await Promise.all([session[Symbol.asyncDispose](), upstream[Symbol.asyncDispose]()])
    })

    test('holds what was set, until it is deleted', async () => {
      const { stdout } = await run(['keychain', 'set', 'EXA_API_KEY'], {}, 'exa-secret\n')
      expect(stdout).toBe(
        'stored; used with EXA_API_KEY=keychain:EXA_API_KEY, or exa_api_key = "keychain:EXA_API_KEY" in the file\n',
      )
      const list = await run(['keychain', 'list'])
      expect(list.stdout).toMatch(/^EXA_API_KEY +yes +no$/m)
      expect(list.stdout).toMatch(/^TAVILY_API_KEY +no +no$/m)
      expect(list.stdout).not.toContain('exa-secret')
      expect(await run(['keychain', 'delete', 'EXA_API_KEY'])).toMatchObject({ code: 0, stdout: 'deleted\n' })
      expect((await run(['keychain', 'list'])).stdout).toMatch(/^EXA_API_KEY +no +no$/m)
      expect(await run(['keychain', 'delete', 'EXA_API_KEY'])).toMatchObject({ code: 1 })
    })

    test('takes no secret that its setting would refuse, and none that is empty', async () => {
      const refused = await run(['keychain', 'set', 'EXA_API_KEY'], {}, 'two words')
      expect(refused).toMatchObject({ code: 1, stdout: '' })
      expect(refused.stderr).toStartWith('EXA_API_KEY: the value is not allowed; allowed: one key')
      expect(refused.stderr).not.toContain('two words')
      const empty = await run(['keychain', 'set', 'EXA_API_KEY'], {}, ' \n')
      expect(empty.stderr).toContain('there was no secret on standard input')
    })

    test('gives the server its key, which is shown nowhere', async () => {
      await store('OPENROUTER_API_KEY', 'upstream-secret')
      const settings = {
        OPENROUTER_API_KEY: 'keychain:OPENROUTER_API_KEY',
        OPENROUTER_BASE_URL: upstream.baseUrl,
      }
      await using server = await startServer({ ...session.env, ...settings, LOG_LEVEL: 'debug' })
      expect((await post(server, message({}))).status).toBe(200)
      expect(upstream.headers.at(-1)?.get('authorization')).toBe('Bearer upstream-secret')
      const shown = await run(['config', 'show'], settings)
      expect(shown.stdout).toMatch(/OPENROUTER_API_KEY .*keychain:OPENROUTER_API_KEY, from the environment/)
      const checked = await run(['doctor'], { ...settings, PORT: '0' })
      expect(checked.stdout).toContain('ok    keychain   holds OPENROUTER_API_KEY\n')
      for (const text of [server.output(), shown.stdout, checked.stdout])
        expect(text).not.toContain('upstream-secret')
    })

    test('is read again with the configuration, and a server keeps a secret that is gone', async () => {
      await store('clients', 'first-key')
      const config = join(session.env['HOME'] ?? '', 'config.toml')
      await Bun.write(config, 'server_api_keys = ["keychain:clients"]')
      const settings = { ...session.env, OPENROUTER_BASE_URL: upstream.baseUrl, CONFIG_FILE: config }
      await using server = await startServer(settings)
      const accepts = async (key: string): Promise<boolean> =>
        (await post(server, message({}), { headers: { 'x-api-key': key } })).status === 200
      expect(await accepts('first-key')).toBe(true)

      await store('clients', 'second-key')
      process.kill(server.pid, 'SIGHUP')
      await until('the second key is accepted', async () => accepts('second-key'))
      expect(await accepts('first-key')).toBe(false)

      await store('others', 'third-key')
      await Bun.write(config, 'server_api_keys = ["keychain:clients", "keychain:others"]')
      await until('the third key is accepted', async () => accepts('third-key'))

      await run(['keychain', 'delete', 'others'])
      process.kill(server.pid, 'SIGHUP')
      await until('the change is refused', () => server.output().includes('"config-refused"'))
      expect(server.output()).toContain('the keychain holds nothing as others, or is locked')
      expect(await accepts('third-key')).toBe(true)
    })
  })

const onLinux = process.platform === 'linux' ? test : test.skip
onLinux('a secret in a keychain that is not there stops the start, with what to do', async () => {
  const { code, stderr } = await runProgram({
    OPENROUTER_API_KEY: 'keychain:OPENROUTER_API_KEY',
    DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nonexistent',
  })
  expect(code).toBe(2)
  expect(stderr).toStartWith('OPENROUTER_API_KEY: the keychain cannot be used: ')
  expect(stderr).toContain('a file that OPENROUTER_API_KEY_FILE names may hold it instead')
})
