import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { message, post } from '../support/api.ts'
import { startServer } from '../support/server.ts'

setDefaultTimeout(30_000)

const folder = mkdtempSync(join(tmpdir(), 'network-'))
const certificate = join(folder, 'certificate.pem')
const key = join(folder, 'key.pem')

const ANSWER = {
  id: 'gen-1',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 5, completion_tokens: 1, total_tokens: 6 },
}

/** An upstream whose certificate no authority has signed. */
let upstream: Bun.Server<undefined>
/** A proxy as companies have it: it only knows CONNECT. */
let proxy: Server
let connections: string[] = []

beforeAll(async () => {
  const args = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost']
  const { exitCode } = Bun.spawnSync([
    'openssl',
    ...args,
    '-addext',
    'subjectAltName=DNS:localhost,IP:127.0.0.1',
    '-keyout',
    key,
    '-out',
    certificate,
  ])
  expect(exitCode).toBe(0)
  upstream = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    tls: { cert: readFileSync(certificate, 'utf8'), key: readFileSync(key, 'utf8') },
    fetch: () => Response.json(ANSWER),
  })
  proxy = createServer((client) => {
    client.once('data', (head) => {
      const [, host = '', port = ''] = /^CONNECT ([^:]+):(\d+)/.exec(head.toString()) ?? []
      connections.push(`${host}:${port}`)
      // Whatever name was asked for is this machine's here.
      const far = connect(Number(port), '127.0.0.1', () => {
        client.write('HTTP/1.1 200 Connection established\r\n\r\n')
        client.pipe(far).pipe(client)
      })
      far.on('error', () => client.destroy())
    })
    client.on('error', () => {})
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
})

afterAll(async () => {
  await upstream.stop(true)
  proxy.close()
  rmSync(folder, { recursive: true })
})

const proxyUrl = (): string => {
  const address = proxy.address()
  return `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`
}

async function ask(host: string, settings: Readonly<Record<string, string>>): Promise<any> {
  await using server = await startServer({
    OPENROUTER_BASE_URL: `https://${host}:${upstream.port}/v1`,
    UPSTREAM_RETRIES: '0',
    ...settings,
  })
  return await (await post(server, message({ stream: false }))).json()
}

describe('an upstream behind TLS', () => {
  test('is not trusted without its authority, and the failure says no internals', async () => {
    const { type, error } = await ask('localhost', {})
    expect(type).toBe('error')
    expect(error.message).not.toContain('node_modules')
  })

  test('is trusted with NODE_EXTRA_CA_CERTS', async () => {
    const { content } = await ask('localhost', { NODE_EXTRA_CA_CERTS: certificate })
    expect(content[0].text).toBe('Hello')
  })
})

describe('HTTPS_PROXY', () => {
  test('is asked for an upstream elsewhere', async () => {
    connections = []
    const { content } = await ask('localhost', { NODE_EXTRA_CA_CERTS: certificate, HTTPS_PROXY: proxyUrl() })
    expect(content[0].text).toBe('Hello')
    expect(connections).toContain(`localhost:${upstream.port}`)
  })

  test('is not asked for what NO_PROXY names', async () => {
    connections = []
    const settings = { NODE_EXTRA_CA_CERTS: certificate, HTTPS_PROXY: proxyUrl(), NO_PROXY: 'localhost' }
    const { content } = await ask('localhost', settings)
    expect(content[0].text).toBe('Hello')
    expect(connections).toEqual([])
  })
})
