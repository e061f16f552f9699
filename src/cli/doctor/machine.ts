import { accessSync, constants, mkdirSync, statfsSync } from 'node:fs'
import { createServer } from 'node:net'

import { namesInKeychain } from '../../config/ask-keychain.ts'
import type { Sources } from '../../config/given.ts'
import { thisMachine } from '../../config/machine.ts'
import type { Config } from '../../config/schema.ts'
import { shownName } from '../../config/secrets.ts'
import { urlOf } from '../running-server.ts'
import { findUpdate } from '../update.ts'
import { PROGRAM } from '../words.ts'
import { fail, type Finding, note, ok, wordsOf } from './finding.ts'

/** What comes from the keychain; the configuration could not have been made without it. */
export function checkKeychain(sources: Sources): readonly Finding[] {
  const names = namesInKeychain(sources).map(shownName)
  return names.length === 0 ? [] : [ok('keychain', `holds ${names.join(', ')}`)]
}

const ENOUGH_BYTES = 512 * 1024 * 1024

/** Whether the data folder can be written, and has room. */
export function checkDisk({ dataDir }: Config): readonly Finding[] {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 })
    accessSync(dataDir, constants.W_OK)
    const { bavail, bsize } = statfsSync(dataDir)
    const free = bavail * bsize
    const text = `${dataDir} can be written, ${Math.round(free / 1e6)} MB are free`
    if (free >= ENOUGH_BYTES) return [ok('disk', text)]
    return [fail('disk', `${text}; make room, or move it with DATA_DIR`)]
  } catch (error) {
    return [
      fail('disk', `${dataDir} cannot be written (${wordsOf(error)}); choose another folder with DATA_DIR`),
    ]
  }
}

/** Whether the server can listen, or already does. */
export async function checkPort(config: Config): Promise<readonly Finding[]> {
  const url = urlOf(config)
  const place = `${config.host}:${config.port}`
  const code = await tryToListen(config)
  if (code === undefined) return [ok('port', `${place} is free`)]
  if (code !== 'EADDRINUSE')
    return [fail('port', `this user may not listen on ${place} (${code}); choose another one with --port`)]
  try {
    const response = await fetch(`${url}/health`, { signal: AbortSignal.timeout(2000) })
    const { service, version } = (await response.json()) as { service?: string; version?: string }
    if (service === PROGRAM) return [ok('port', `a server (${version}) is running at ${url}`)]
  } catch {
    // Somebody else's, whatever it is.
  }
  return [
    fail('port', `${place} is taken by another program; stop that one, or choose another port with --port`),
  ]
}

const tryToListen = async ({ host, port }: Config): Promise<string | undefined> =>
  new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error) => resolve('code' in error ? String(error.code) : error.message))
    server.listen({ host, port }, () => server.close(() => resolve(undefined)))
  })

const PROXY_VARIABLES = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy', 'NO_PROXY', 'no_proxy']

/** What is set of proxies and certificates. */
export function checkNetwork(): readonly Finding[] {
  const { env, readTextFile } = thisMachine()
  const proxies = PROXY_VARIABLES.filter((name) => env[name])
  const findings: Finding[] = []
  if (proxies.length > 0)
    findings.push(note('proxy', proxies.map((name) => `${name}=${withoutPassword(env[name])}`).join(' ')))
  const extra = env['NODE_EXTRA_CA_CERTS']
  if (!extra) return findings
  const text = readTextFile(extra)
  const count = text?.match(/-----BEGIN CERTIFICATE-----/g)?.length ?? 0
  findings.push(
    count > 0
      ? ok('certs', `NODE_EXTRA_CA_CERTS adds ${count} certificates from ${extra}`)
      : fail(
          'certs',
          `NODE_EXTRA_CA_CERTS: ${extra} holds no PEM certificate; name a file that does, or unset it`,
        ),
  )
  return findings
}

const withoutPassword = (text = ''): string => text.replace(/\/\/[^@/]*@/, '//***@')

/** Whether there is a newer version, where the settings say where to look. */
export async function checkVersion({ updateUrl }: Config, version: string): Promise<readonly Finding[]> {
  if (!updateUrl) return []
  try {
    const newer = await findUpdate(updateUrl, version)
    if (newer) return [note('version', `${newer} is at ${updateUrl}; this is ${version}`)]
    return [ok('version', `${version} is the newest`)]
  } catch (error) {
    return [note('version', `could not be compared (${wordsOf(error)})`)]
  }
}

/** Whether Claude Code is there to be run. */
export function checkClaude(): readonly Finding[] {
  const path = Bun.which('claude')
  if (path) return [ok('claude', `${path}; "${PROGRAM} code" runs it on this server`)]
  return [note('claude', 'Claude Code is not installed: npm install -g @anthropic-ai/claude-code')]
}
