import { createWriteStream, mkdirSync, type WriteStream } from 'node:fs'
import { join } from 'node:path'

import { version } from '../../package.json'
import { thisMachine } from '../config/machine.ts'
import { ConfigError, didYouMean, quote } from '../config/problem.ts'
import type { Config } from '../config/schema.ts'
import {
  type ClaudeFacts,
  claudeProcessEnvironment,
  type Shell,
  SHELLS,
  toClaudeEnvironment,
  toShellCommands,
} from './claude-environment.ts'
import { CommandFailure, type Invocation } from './command.ts'
import { urlOf } from './running-server.ts'
import { type Running, serve } from './serve.ts'
import { PROGRAM } from './words.ts'

/** Runs Claude Code on this server, which is started for it where none is running; or prints what would point it there. */
export async function runCode(invocation: Invocation): Promise<number> {
  const { words, rest, options, say } = invocation
  if (words.length > 0)
    throw new ConfigError([
      `${quote(words[0] ?? '')}: arguments for claude stand behind --, as in "${PROGRAM} code -- --resume"`,
    ])
  const config = await invocation.load()
  if (options['print-env']) {
    const facts = await learnFacts(urlOf(config), config)
    say(toShellCommands(findShell(options['shell']), toClaudeEnvironment(facts)))
    return 0
  }
  const claude = findClaude(options['claude'])
  const own = (await isOurs(urlOf(config))) ? undefined : startOwn(config, invocation)
  try {
    const facts = await learnFacts(own?.running.url ?? urlOf(config), config)
    return await runClaude(claude, rest, facts)
  } finally {
    await own?.running.stop()
    own?.log.end()
  }
}

/** What `--claude` names, or the `claude` of the search path. */
function findClaude(given: string | true | undefined): string {
  const name = typeof given === 'string' ? given : 'claude'
  const found = Bun.which(name)
  if (found) return found
  throw new CommandFailure(
    `there is no program ${quote(name)}; install Claude Code with "npm install -g @anthropic-ai/claude-code", or name it with --claude PATH`,
  )
}

const PROBE_TIMEOUT_MS = 2000

/** Whether a server of this kind answers there. */
async function isOurs(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/health`, { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) })
    const { service } = (await response.json()) as { readonly service?: unknown }
    return service === PROGRAM
  } catch {
    return false
  }
}

interface OwnServer {
  readonly running: Running
  readonly log: WriteStream
}

/** A server that lives as long as this session. It logs to a file, as the screen is Claude Code's. */
function startOwn(config: Config, { load, complain }: Invocation): OwnServer {
  const path = join(config.dataDir, 'code.log')
  mkdirSync(config.dataDir, { recursive: true, mode: 0o700 })
  const log = createWriteStream(path, { flags: 'a', mode: 0o600 })
  const write = (text: string): void => void log.write(text)
  const program = { name: PROGRAM, version }
  const running = serveSomewhere(config, (chosen) => serve(chosen, program, write, load))
  const upstream = config.demo
    ? 'the built-in DEMO, as no OPENROUTER_API_KEY is set'
    : config.openrouterBaseUrl
  complain(`${PROGRAM} at ${running.url} for this session; upstream: ${upstream}; log: ${path}\n`)
  return { running, log }
}

/** On the port of the settings, or on any other where another program has that one. */
function serveSomewhere(config: Config, start: (config: Config) => Running): Running {
  try {
    return start(config)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) throw error
    return start({ ...config, port: 0 })
  }
}

/** What the server says of the model behind `big`; nothing where it does not answer. */
async function learnFacts(url: string, config: Config): Promise<ClaudeFacts> {
  const key = config.serverApiKeys[0] ?? 'any'
  const unknown = { url, key, contextTokens: undefined, outputTokens: undefined }
  try {
    const response = await fetch(`${url}/v1/models/big`, {
      headers: { 'x-api-key': key, 'anthropic-version': '2023-06-01' },
      signal: AbortSignal.timeout(PROBE_TIMEOUT_MS),
    })
    if (!response.ok) return unknown
    const model = (await response.json()) as {
      readonly max_input_tokens: number | null
      readonly max_tokens: number | null
    }
    return {
      ...unknown,
      contextTokens: model.max_input_tokens ?? undefined,
      outputTokens: model.max_tokens ?? undefined,
    }
  } catch {
    return unknown
  }
}

async function runClaude(claude: string, args: readonly string[], facts: ClaudeFacts): Promise<number> {
  const child = Bun.spawn([claude, ...args], {
    env: claudeProcessEnvironment(thisMachine().env, facts),
    stdin: 'inherit',
    stdout: 'inherit',
    stderr: 'inherit',
  })
  // Ctrl-C is Claude Code's to understand; this program goes when that one has gone.
  const ignore = (): void => {}
  const pass = (): void => child.kill('SIGTERM')
  process.on('SIGINT', ignore)
  process.on('SIGTERM', pass)
  const code = await child.exited
  process.off('SIGINT', ignore)
  process.off('SIGTERM', pass)
  return code
}

function findShell(given: string | true | undefined): Shell {
  const { env, platform } = thisMachine()
  const usual = platform === 'win32' ? 'powershell' : (env['SHELL']?.split('/').at(-1) ?? 'bash')
  const name = typeof given === 'string' ? given.toLowerCase() : usual
  const shell = SHELLS.find((known) => known === (name === 'pwsh' ? 'powershell' : name))
  if (shell) return shell
  if (typeof given !== 'string') return 'bash'
  throw new ConfigError([
    `--shell: ${quote(given)} is none of ${SHELLS.join(', ')}${didYouMean(name, SHELLS)}`,
  ])
}
