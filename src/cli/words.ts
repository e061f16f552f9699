import type { Config } from '../config/schema.ts'

/** The program's name, as one types it. */
export const PROGRAM = 'openrouter-anthropic-server'

/** What the server says when it starts: where things are, and what is missing. */
export function banner(config: Config, version: string, url: string): string {
  const [, ...others] = config.upstreams
  const upstreams = [config.openrouterBaseUrl, ...others.map(({ name }) => name)].join(', ')
  const rows = [
    ['upstream', config.demo ? NO_UPSTREAM : upstreams],
    ['try it', tryIt(url)],
    ['Claude', `${PROGRAM} code`],
    ['API', `${url}/docs`],
    ['dashboard', `${url}/dashboard`],
    ['data', config.dataDir],
    ['settings', config.configFile ?? `no file; "${PROGRAM} init" writes one`],
  ]
  return `${PROGRAM} ${version}\n${rows.map(([label = '', text]) => `  ${label.padEnd(10)}${text}\n`).join('')}`
}

const NO_UPSTREAM =
  'the built-in DEMO: no OPENROUTER_API_KEY is set, so no real model answers (keys: https://openrouter.ai/keys)'

const tryIt = (url: string): string =>
  `curl ${url}/v1/messages -H 'content-type: application/json' -d '{"model":"big","max_tokens":200,"messages":[{"role":"user","content":"Hello"}]}'`

/** Why the server could not start to listen, and what to do. */
export function cannotListen(config: Config, error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  const place = `${config.host}:${config.port}`
  if (code === 'EADDRINUSE')
    return `PORT: ${place} is taken by another program; stop that one, or choose another port with --port (0 = any free one)\n`
  if (code === 'EACCES')
    return `PORT: this user may not listen on ${place}; ports from 1024 up are free to use, e.g. --port 4000\n`
  return `HOST: cannot listen on ${place}: ${error instanceof Error ? error.message : String(error)}\n`
}
