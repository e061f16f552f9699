import { afterAll, beforeEach, describe, expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A release that says its version, for whatever Linux or macOS asks. */
const PROGRAM = '#!/bin/sh\necho "openrouter-anthropic-server 9.9.9"\n'
const files = new Map<string, string>()
const release = Bun.serve({
  hostname: '127.0.0.1',
  port: 0,
  fetch(request) {
    const text = files.get(new URL(request.url).pathname.slice(1))
    return text === undefined ? new Response('no', { status: 404 }) : new Response(text)
  },
})
const folder = mkdtempSync(join(tmpdir(), 'install-'))
afterAll(async () => {
  await release.stop(true)
  rmSync(folder, { recursive: true })
})

const KINDS = [
  'linux-x64',
  'linux-x64-baseline',
  'linux-x64-musl',
  'linux-arm64',
  'linux-arm64-musl',
  'darwin-x64',
  'darwin-arm64',
]

beforeEach(() => {
  files.clear()
  const sum = createHash('sha256').update(PROGRAM).digest('hex')
  const names = KINDS.map((kind) => `openrouter-anthropic-server-${kind}`)
  for (const name of names) files.set(name, PROGRAM)
  files.set('SHA256SUMS', names.map((name) => `${sum}  ${name}\n`).join(''))
})

async function install(to: string, ...args: readonly string[]) {
  const script = join(import.meta.dir, '../../src/release/install.sh')
  const given = args.length > 0 ? args : ['--url', `http://127.0.0.1:${release.port}`, '--to', to]
  const child = Bun.spawn(['sh', script, ...given], {
    env: { PATH: process.env['PATH'] ?? '', HOME: folder },
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ])
  return { code, stdout, stderr }
}

describe('the install script', () => {
  test('puts the program in place and runs it', async () => {
    const to = join(folder, 'bin')
    const { code, stdout } = await install(to)
    expect(stdout).toContain(`installed: openrouter-anthropic-server 9.9.9 in ${to}\n`)
    expect(stdout).toContain('is not in PATH')
    expect([code, readdirSync(to)]).toEqual([0, ['openrouter-anthropic-server']])
  })

  test('installs nothing that is not what was released', async () => {
    for (const name of files.keys()) if (name !== 'SHA256SUMS') files.set(name, `${PROGRAM}# more\n`)
    const to = join(folder, 'bad')
    const { code, stderr } = await install(to)
    expect([code, stderr]).toEqual([1, expect.stringContaining('Nothing was installed.')])
    expect(existsSync(to)).toBe(false)
  })

  test('says what is wrong with an address, a release or an argument', async () => {
    expect((await install('', '--to', folder)).stderr).toContain('--url URL')
    expect((await install('', '--from', 'x')).stderr).toContain(
      '--from: unknown; allowed: --url URL, --to FOLDER',
    )
    expect((await install('', '--url', `http://127.0.0.1:${release.port}/nowhere`)).stderr).toContain(
      'is the address right?',
    )
    files.set('SHA256SUMS', '')
    expect((await install(join(folder, 'none'))).stderr).toContain('has no openrouter-anthropic-server-')
  })
})
