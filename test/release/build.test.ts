import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'

import { dependencies } from '../../package.json'
import { TARGETS } from '../../src/release/targets.ts'

setDefaultTimeout(120_000)

const root = join(import.meta.dir, '../..')
const out = mkdtempSync(join(tmpdir(), 'release-'))
const [here] = TARGETS.filter(({ name }) => name === `${process.platform}-${process.arch}`)

const build = (folder: string): void => {
  const args = [
    'src/release/build.ts',
    '--only',
    here?.name ?? '',
    '--out',
    relative(root, join(out, folder)),
  ]
  const { exitCode, stderr } = Bun.spawnSync([process.execPath, ...args], { cwd: root })
  if (exitCode !== 0) throw new Error(stderr.toString())
}
const read = (file: string): string => readFileSync(join(out, 'one', file), 'utf8')

beforeAll(() => {
  build('one')
  build('two')
})
afterAll(() => rmSync(out, { recursive: true }))

describe('a release', () => {
  test('is the same to the byte when it is built again', () => {
    const sums = read('SHA256SUMS')
    expect(readFileSync(join(out, 'two/SHA256SUMS'), 'utf8')).toBe(sums)
    expect(sums).toMatch(new RegExp(`^[0-9a-f]{64}  openrouter-anthropic-server-${here?.name}$`, 'm'))
  })

  test('has checksums that hold', () => {
    const { exitCode } = Bun.spawnSync(['sha256sum', '--check', '--quiet', 'SHA256SUMS'], {
      cwd: join(out, 'one'),
    })
    expect(exitCode).toBe(0)
  })

  test('names every package that is inside, with version, licence and hash', () => {
    const bom = JSON.parse(read('bom.cdx.json'))
    expect(bom).toMatchObject({ bomFormat: 'CycloneDX', specVersion: '1.6', version: 1 })
    const names: string[] = bom.components.map((component: any) => component.name)
    expect(names).toContain('bun')
    for (const name of ['elysia', '@sinclair/typebox', 'lru-cache', 'openai']) {
      expect(names).toContain(name)
      const component = bom.components.find((candidate: any) => candidate.name === name)
      expect(component.version).toBe(dependencies[name as keyof typeof dependencies])
      expect(component.hashes[0].content).toMatch(/^[0-9a-f]{128}$/)
    }
    for (const component of bom.components) {
      expect(component.purl).toMatch(/^pkg:npm\/.+@.+$/)
      expect(component.licenses[0].license?.id ?? component.licenses[0].expression).not.toBe('unknown')
    }
    expect(new Set(bom.components.map((component: any) => component['bom-ref'])).size).toBe(names.length)
  })

  test('has nothing in it that docs/size.md gives no reason for', () => {
    const size = readFileSync(join(root, 'docs/size.md'), 'utf8')
    const named = new Set(size.split(/[|,;:()\s]+/))
    const { components } = JSON.parse(read('bom.cdx.json'))
    expect(
      components.map((component: any) => component.name).filter((name: string) => !named.has(name)),
    ).toEqual([])
  })

  test('goes with the licences of all of them', () => {
    const notice = read('NOTICE')
    const { components } = JSON.parse(read('bom.cdx.json'))
    for (const { name, version } of components.slice(1)) expect(notice).toContain(`\n${name} ${version}: `)
  })
})

test('a target that does not exist is refused with those that do', () => {
  const { exitCode, stderr } = Bun.spawnSync([process.execPath, 'src/release/build.ts', '--only', 'amiga'], {
    cwd: root,
  })
  expect([exitCode, stderr.toString()]).toEqual([
    2,
    expect.stringContaining('unknown amiga; allowed: linux-x64'),
  ])
})
