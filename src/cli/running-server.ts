import type { Config } from '../config/schema.ts'
import { CommandFailure, type Invocation, type Option } from './command.ts'
import { PROGRAM } from './words.ts'

/** The flags of every command that asks a running server. */
export const SERVER_OPTIONS = {
  server: { placeholder: 'URL', description: 'The server to ask; else the one at HOST and PORT.' },
  key: { placeholder: 'KEY', description: 'The key to show it; else the first of SERVER_API_KEYS.' },
} as const satisfies Readonly<Record<string, Option>>

/** A server that is already running, here or elsewhere. */
export interface RunningServer {
  readonly url: string
  /** Answers that are no success are a `CommandFailure` in the server's own words. */
  ask(path: string, init?: { readonly method?: string; readonly body?: unknown }): Promise<Response>
}

/** Finds the server that a command line means. */
export async function findServer({
  load,
  options,
}: Pick<Invocation, 'load' | 'options'>): Promise<RunningServer> {
  const config = await load()
  const { server, key = config.serverApiKeys[0] } = options
  const url = typeof server === 'string' ? server.replace(/\/+$/, '') : urlOf(config)
  const headers: Record<string, string> = { 'anthropic-version': '2023-06-01' }
  if (typeof key === 'string') headers['x-api-key'] = key
  return {
    url,
    async ask(path, { method = 'GET', body } = {}) {
      const response = await reach(url, path, {
        method,
        headers: body === undefined ? headers : { ...headers, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      if (!response.ok) throw await refused(url, response)
      return response
    },
  }
}

/** Where this machine reaches the server that these settings describe. One that listens on every address is on the loopback too. */
export function urlOf({ host, port }: Pick<Config, 'host' | 'port'>): string {
  const reachable = { '0.0.0.0': '127.0.0.1', '::': '::1' }[host] ?? host
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`
}

async function reach(url: string, path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url + path, init)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new CommandFailure(
      `no server answers at ${url} (${reason}); start one with "${PROGRAM}", or name another one with --server URL`,
    )
  }
}

async function refused(url: string, response: Response): Promise<CommandFailure> {
  const text = await response.text()
  const hint = response.status === 401 ? '; --key KEY or SERVER_API_KEYS gives the key' : ''
  return new CommandFailure(`${url} answered ${response.status}: ${messageOf(text)}${hint}`)
}

function messageOf(text: string): string {
  try {
    const { error } = JSON.parse(text) as { error?: { message?: unknown } }
    if (typeof error?.message === 'string') return error.message
  } catch {
    // Not one of ours; its beginning says enough.
  }
  return text.slice(0, 200)
}
