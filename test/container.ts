import { chmod, copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/**
 * Assembles the root filesystem that the Dockerfile's last stage makes (the program and the libraries it links, no
 * shell, no CA files, no /tmp) and runs an API smoke test in it: chroot, read-only, as user 65532, with /proc.
 * Needs Linux and root; says so and does nothing elsewhere. `bun test/container.ts [program]`
 */
const program = process.argv[2] ?? join(import.meta.dir, '../dist/openrouter-anthropic-server')
const NAME = '/openrouter-anthropic-server'
const KEY = 'smoke-test-key'

if (process.platform !== 'linux' || process.getuid?.() !== 0) {
  console.log('container smoke test left out: it needs Linux and root for chroot')
  process.exit(0)
}

if ((await Bun.spawn(['unshare', '--mount', 'true'], { stderr: 'ignore' }).exited) !== 0) {
  console.log('container smoke test left out: this machine does not allow mount namespaces')
  process.exit(0)
}

const root = await mkdtemp(join(tmpdir(), 'rootfs-'))
try {
  await assemble()
  await smoke()
} finally {
  await rm(root, { recursive: true })
}

async function assemble(): Promise<void> {
  await chmod(root, 0o755)
  const libraries = await librariesOf(program)
  for (const library of libraries) await put(library, library)
  await put(program, NAME)
  await chmod(join(root, NAME), 0o755)
  await mkdir(join(root, 'proc'))
  await mkdir(join(root, 'data'), { mode: 0o777 })
  console.log(`root filesystem: the program and ${libraries.length} libraries`)
}

async function put(from: string, to: string): Promise<void> {
  await mkdir(dirname(join(root, to)), { recursive: true })
  await copyFile(from, join(root, to))
}

async function librariesOf(path: string): Promise<readonly string[]> {
  const output = await new Response(Bun.spawn(['ldd', path]).stdout).text()
  return [...output.matchAll(/(\/\S+)\s+\(0x/g)].flatMap((match) => match[1] ?? [])
}

async function smoke(): Promise<void> {
  // The mounts live in a namespace of their own and are gone with the process.
  const script =
    'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && mount -t proc proc "$1/proc" && ' +
    'mount -t tmpfs -o uid=65532 tmpfs "$1/data" && exec chroot --userspec=65532:65532 "$1" "$2"'
  const settings = {
    HOST: '0.0.0.0',
    PORT: '0',
    DATA_DIR: '/data',
    SERVER_API_KEYS: KEY,
    HOME: '/',
    LOG_LEVEL: 'warn',
  }
  const server = Bun.spawn(['unshare', '--mount', 'sh', '-c', script, 'sh', root, NAME], {
    env: { PATH: process.env['PATH'] ?? '', ...settings },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'inherit',
  })
  try {
    const url = await listeningUrl(server.stdout)
    await check(url.replace('0.0.0.0', '127.0.0.1'))
    server.kill('SIGTERM')
    expect('exit code after SIGTERM', (await server.exited) === 0)
  } finally {
    server.kill('SIGKILL')
  }
}

async function listeningUrl(stdout: ReadableStream<Uint8Array>): Promise<string> {
  let text = ''
  for await (const piece of stdout) {
    text += new TextDecoder().decode(piece)
    const url = /^listening on (\S+)$/m.exec(text)?.[1]
    if (url) return url
  }
  throw new Error(`the program did not start:\n${text}`)
}

async function check(url: string): Promise<void> {
  const ask = async (path: string, body?: object): Promise<Response> =>
    fetch(url + path, {
      headers: { 'x-api-key': KEY, 'anthropic-version': '2023-06-01' },
      ...(body ? { method: 'POST', body: JSON.stringify(body) } : {}),
    })
  const request = { model: 'big', max_tokens: 100, messages: [{ role: 'user', content: 'Hello' }] }

  expect('GET /health', (await ask('/health')).ok)
  const message = (await (await ask('/v1/messages', request)).json()) as { content?: unknown[] }
  expect('POST /v1/messages, whole', message.content?.length === 1)
  const stream = await (await ask('/v1/messages', { ...request, stream: true })).text()
  expect('POST /v1/messages, streamed', stream.trimEnd().endsWith('data: {"type":"message_stop"}'))
  const count = (await (await ask('/v1/messages/count_tokens', request)).json()) as { input_tokens?: number }
  expect('POST /v1/messages/count_tokens', (count.input_tokens ?? 0) > 0)
  expect('GET /v1/models', (await ask('/v1/models?limit=1000')).ok)
  expect('GET /openapi.json', (await ask('/openapi.json')).ok)
  expect('GET /docs', (await (await ask('/docs')).text()).includes('swagger'))
  const refused = await fetch(`${url}/v1/models`)
  expect('no key: 401', refused.status === 401)
}

function expect(what: string, holds: boolean): void {
  if (!holds) throw new Error(`container smoke test: ${what} failed`)
  console.log(`ok  ${what}`)
}
