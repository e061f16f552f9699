import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * Runs the API and client tests against the compiled program with no node_modules in its reach: it is built from a
 * copy of the project, which is gone by the time it runs. A package that reads its own files at run time would
 * have the copy's path baked in and fail here.
 */
const root = join(import.meta.dir, '..')
const copy = await mkdtemp(join(tmpdir(), 'build-'))
const binary = join(await mkdtemp(join(tmpdir(), 'binary-')), 'openrouter-anthropic-server')

await run(['bun', 'run', 'build'], await copyProject())
await cp(join(copy, 'dist/openrouter-anthropic-server'), binary)
await rm(copy, { recursive: true })
const code = await run(
  [
    'bun',
    'test',
    '--timeout',
    '30000',
    'test/api',
    'test/http/docs.test.ts',
    'test/clients',
    ...process.argv.slice(2),
  ],
  root,
  {
    SERVER_BINARY: binary,
  },
)
const container = await run(['bun', 'test/container.ts', binary], root)
await rm(join(binary, '..'), { recursive: true })
process.exit(code || container)

async function copyProject(): Promise<string> {
  for (const part of ['src', 'package.json', 'tsconfig.json', 'bun.lock', 'node_modules'])
    await cp(join(root, part), join(copy, part), { recursive: true })
  return copy
}

async function run(
  command: readonly string[],
  cwd: string,
  env: Record<string, string> = {},
): Promise<number> {
  const [program = '', ...args] = command
  const executable = program === 'bun' ? process.execPath : program
  const child = Bun.spawn([executable, ...args], {
    cwd,
    env: { ...process.env, ...env },
    stdin: 'ignore',
    stdout: 'inherit',
    stderr: 'inherit',
  })
  const exit = await child.exited
  if (exit !== 0) process.exitCode = exit
  return exit
}
