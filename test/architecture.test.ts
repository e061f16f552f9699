import { describe, expect, test } from 'bun:test'
import { dirname, join, relative } from 'node:path'

/** Which folder may import which. Read it top to bottom: that is the way of a request. docs/ARCHITECTURE.md shows it. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  '.': [
    'cli',
    'http',
    'messages',
    'mcp',
    'web',
    'tokens',
    'translate',
    'upstream',
    'cache',
    'batches',
    'files',
    'keys',
    'tools',
    'runs',
    'limits',
    'usage',
    'store',
    'observability',
    'config',
    'wire',
    'core',
  ],
  release: ['.'],
  cli: ['.', 'http', 'keys', 'observability', 'config', 'wire', 'core', 'tools'],
  http: [
    'batches',
    'files',
    'keys',
    'limits',
    'usage',
    'runs',
    'messages',
    'tools',
    'cache',
    'observability',
    'wire',
    'core',
  ],
  batches: ['limits', 'messages', 'store', 'observability', 'wire', 'core'],
  messages: [
    'files',
    'usage',
    'tokens',
    'translate',
    'mcp',
    'web',
    'upstream',
    'tools',
    'cache',
    'wire',
    'core',
  ],
  files: ['store', 'wire', 'core'],
  keys: ['store', 'wire', 'core'],
  limits: ['core'],
  usage: ['store', 'core'],
  cache: ['store', 'wire', 'core'],
  tools: ['store', 'wire', 'core'],
  store: ['core'],
  mcp: ['web', 'wire', 'core'],
  web: ['wire', 'core'],
  tokens: ['wire', 'core'],
  upstream: ['wire', 'core'],
  translate: ['wire', 'core'],
  runs: ['store', 'observability', 'wire', 'core'],
  dashboard: ['wire'],
  observability: ['wire', 'core'],
  config: ['core'],
  wire: [],
  core: [],
}
const PURE = ['translate', 'wire', 'core']
const PURE_PACKAGES = ['@sinclair/typebox', 'jsonrepair']
/** The only places that may look at the process's environment. */
const READS_ENVIRONMENT = ['config/machine.ts', 'cli/rerun.ts', 'release/build.ts', 'release/compile.ts']

const root = join(import.meta.dir, '../src')
const files = [...new Bun.Glob('**/*.ts').scanSync(root)].filter((file) => !file.endsWith('.d.ts')).toSorted()
const IMPORT = /^\s*(?:import|export)\b[^'"]*?from\s*['"]([^'"]+)['"]|\bimport\(?\s*['"]([^'"]+)['"]/gm

const folderOf = (file: string): string => (file.includes('/') ? (file.split('/')[0] ?? '.') : '.')
const textOf = async (file: string): Promise<string> => Bun.file(join(root, file)).text()
const importsOf = (text: string): string[] =>
  [...text.matchAll(IMPORT)].map((match) => match[1] ?? match[2] ?? '')

describe.each(files)('%s', (file) => {
  test('imports only what its folder may import', async () => {
    const folder = folderOf(file)
    const wrong = importsOf(await textOf(file))
      .filter((specifier) => specifier.startsWith('.') && specifier.endsWith('.ts'))
      .map((specifier) => relative(root, join(root, dirname(file), specifier)))
      .filter((target) => folderOf(target) !== folder && !MAY_IMPORT[folder]?.includes(folderOf(target)))
    expect(wrong).toEqual([])
  })

  test('stays pure where it must', async () => {
    const text = await textOf(file)
    if (!READS_ENVIRONMENT.includes(file)) expect(text).not.toMatch(/\bprocess\.env\b|\bBun\.env\b/)
    if (!PURE.includes(folderOf(file))) return
    const packages = importsOf(text).filter((specifier) => !specifier.startsWith('.'))
    expect(packages.filter((name) => !PURE_PACKAGES.includes(name))).toEqual([])
    expect(text).not.toMatch(
      /\b(Date\.now|Math\.random|crypto\.|process\.|Bun\.|fetch\(|setTimeout|setInterval)\b/,
    )
  })
})
