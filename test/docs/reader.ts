import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { COMMAND } from '../support/server.ts'

/** The port that the documents speak of. */
const DOCUMENTED_PORT = 4000

/** Somebody who types what a document says, in a home of their own. */
export interface Reader extends AsyncDisposable {
  /** Runs one command; resolves to all it printed. Throws where it fails. */
  type(command: string): Promise<string>
  /** Runs a program in another language against the server. */
  run(command: readonly string[], text: string, cwd: string): Promise<string>
}

/** Files that documents speak of as if the reader had them. */
const FILES: Readonly<Record<string, string>> = {
  'report.pdf': '%PDF-1.4\n%%EOF\n',
  'prompt.md': 'Hello\n',
  'notes.txt': 'Remember the milk.\n',
}

const ADMIN_API_KEY = 'admin-key-of-the-reader'

/** What stands in a document for something that only the reader knows; ids are those that were printed last. */
const PLACEHOLDERS: ReadonlyArray<readonly [RegExp, RegExp | string]> = [
  [/sk-or-(?:v1-)?(?:…|\.\.\.)/g, 'sk-or-v1-test'],
  [/(?<=x-api-key: )…/g, ADMIN_API_KEY],
  [/file_…/g, /file_[A-Za-z0-9]{6,}/g],
  [/msgbatch_…/g, /msgbatch_[A-Za-z0-9]{6,}/g],
  [/key-0123456789abcdef/g, /key-[0-9a-f]{16}/g],
  [/req_…/g, /req_[A-Za-z0-9]{6,}/g],
]

export async function startReading(document: string): Promise<Reader> {
  const root = await mkdtemp(join(tmpdir(), 'reader-'))
  const [home, bin, desk] = [join(root, 'home'), join(root, 'bin'), join(root, 'desk')] as const
  for (const folder of [home, bin, desk]) await mkdir(folder)
  for (const [name, content] of Object.entries(FILES)) await writeFile(join(desk, name), content)
  const port = await freePort()
  const environment: Record<string, string> = {
    PATH: `${bin}:${process.env['PATH'] ?? ''}`,
    HOME: home,
    PORT: String(port),
    LOG_LEVEL: 'warn',
    // With it every client needs a key, so only where the document speaks of it.
    ...(document.includes('$ADMIN_API_KEY') ? { ADMIN_API_KEY } : {}),
  }
  await writePrograms(bin, root)
  const exported: string[] = []
  let printed = ''

  const fill = (text: string): string => {
    let filled = text.replaceAll(String(DOCUMENTED_PORT), String(port))
    for (const [placeholder, value] of PLACEHOLDERS) {
      const found = typeof value === 'string' ? value : printed.match(value)?.at(-1)
      if (found !== undefined) filled = filled.replaceAll(placeholder, found)
    }
    return filled
  }
  const spawn = async (command: readonly string[], cwd: string): Promise<string> => {
    const child = Bun.spawn([...command], {
      cwd,
      env: environment,
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: 'pipe',
    })
    const [stdout, stderr, code] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
      child.exited,
    ])
    printed += stdout
    if (code !== 0) throw new Error(`exit code ${code}: ${command.at(-1)}\n${stdout}${stderr}`)
    return stdout + stderr
  }
  const ensureServer = `curl -s http://127.0.0.1:${port}/health >/dev/null || openrouter-anthropic-server`

  return {
    async type(command) {
      const text = fill(command)
      const script = ['set -eo pipefail', ...exported, needsServer(text) ? ensureServer : ':', text]
      const output = await spawn(['bash', '-c', script.join('\n')], desk)
      if (text.startsWith('export ')) exported.push(text)
      return output
    },
    async run(command, text, cwd) {
      await spawn(['bash', '-c', ensureServer], desk)
      return spawn([...command, fill(text)], cwd)
    },
    [Symbol.asyncDispose]: async () => {
      await Bun.spawn(['sh', '-c', `[ ! -f "$1" ] || kill -9 "$(cat "$1")"`, 'sh', join(root, 'pid')], {
        stderr: 'ignore',
      }).exited
      await rm(root, { recursive: true, force: true })
    },
  }
}

const needsServer = (command: string): boolean =>
  /\bcurl\b|^claude\b|\b(?:batches|runs|status)\b/.test(command)

/**
 * The program under its own name: one that serves goes to the background once it listens, and takes the place of the
 * one before, whose log must be gone by then: it says `listening` as well. A curl that takes a failure for one. And a
 * Claude Code that only looks whether the server is there.
 */
async function writePrograms(bin: string, root: string): Promise<void> {
  const program = COMMAND.map((part) => `'${part}'`).join(' ')
  const scripts: Readonly<Record<string, string>> = {
    'openrouter-anthropic-server': `
case "\${1:-serve}" in
  serve | -*) ;;
  *) exec ${program} "$@" ;;
esac
if [ -f '${root}/pid' ]; then kill "$(cat '${root}/pid')" 2>/dev/null && while kill -0 "$(cat '${root}/pid')" 2>/dev/null; do sleep 0.05; done; fi
: >'${root}/log'
${program} "$@" >>'${root}/log' 2>&1 &
echo $! >'${root}/pid'
while ! grep -q '^listening on' '${root}/log'; do kill -0 $! 2>/dev/null || { cat '${root}/log'; exit 1; }; sleep 0.05; done
cat '${root}/log'`,
    curl: `exec '${Bun.which('curl') ?? 'curl'}' --silent --show-error --fail-with-body "$@"`,
    claude: `exec '${Bun.which('curl') ?? 'curl'}' --silent --fail "$ANTHROPIC_BASE_URL/health"`,
  }
  for (const [name, text] of Object.entries(scripts)) {
    await writeFile(join(bin, name), `#!/bin/sh\n${text.trim()}\n`)
    await chmod(join(bin, name), 0o755)
  }
}

async function freePort(): Promise<number> {
  const server = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: () => new Response() })
  const { port = 0 } = server
  await server.stop(true)
  return port
}
