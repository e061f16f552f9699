import { fileURLToPath } from 'node:url'

const PROGRAM = fileURLToPath(import.meta.resolve('@modelcontextprotocol/server-everything/dist/index.js'))

/** The protocol's own example server, as a process of its own. */
export interface TestMcpServer extends AsyncDisposable {
  readonly url: string
  readonly host: string
}

/** How to start it as a program that speaks on its standard streams. */
export const STDIO_SERVER = { command: process.execPath, args: [PROGRAM, 'stdio'] }

export async function startMcpServer(transport: 'streamableHttp' | 'sse'): Promise<TestMcpServer> {
  const port = freePort()
  const child = Bun.spawn([process.execPath, PROGRAM, transport], {
    env: { PATH: process.env['PATH'] ?? '', PORT: String(port) },
    stdin: 'ignore',
    stdout: 'ignore',
    stderr: 'pipe',
  })
  await isListening(child.stderr)
  const host = `127.0.0.1:${port}`
  return {
    host,
    url: `http://${host}/${transport === 'sse' ? 'sse' : 'mcp'}`,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL')
      await child.exited
    },
  }
}

/** The program takes no port 0. */
function freePort(): number {
  const server = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } })
  const { port } = server
  server.stop(true)
  return port
}

/** Reads on in silence, so that the program can always write. */
async function isListening(stream: ReadableStream<Uint8Array>): Promise<void> {
  const ready = Promise.withResolvers<void>()
  const read = async (): Promise<void> => {
    let text = ''
    for await (const bytes of stream as AsyncIterable<Uint8Array>) {
      text += new TextDecoder().decode(bytes)
      if (/listening|running on port/i.test(text)) ready.resolve()
    }
    ready.reject(new Error(`the MCP server ended:\n${text}`))
  }
  void read()
  await ready.promise
}
