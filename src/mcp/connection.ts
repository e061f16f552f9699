import type { Client } from '@modelcontextprotocol/sdk/client/index.js'
import type { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'

import type { GuardedFetch } from '../web/guarded-fetch.ts'

/** Where an MCP server is: at an address, or a program of this machine. */
export type McpPlace =
  | { readonly kind: 'http'; readonly url: string; readonly headers: Readonly<Record<string, string>> }
  | {
      readonly kind: 'stdio'
      readonly command: string
      readonly args: readonly string[]
      readonly env: Readonly<Record<string, string>>
    }

/** A tool as its server lists it. */
export interface McpTool {
  readonly name: string
  readonly description: string | undefined
  readonly inputSchema: Readonly<Record<string, unknown>>
  /** The server says that it changes nothing. */
  readonly readOnly: boolean
}

/** What a call gives; the parts are as the server sent them. */
export interface McpResult {
  readonly isError: boolean
  readonly content: ReadonlyArray<Readonly<Record<string, unknown>>>
  readonly structured: unknown
}

/** A server that is connected. */
export interface McpConnection {
  readonly tools: readonly McpTool[]
  /** Rejects with the signal's reason, or with an error whose message says what went wrong with the server. */
  call(name: string, input: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<McpResult>
  /** Whether calls can still be made. */
  isOpen(): boolean
  close(): Promise<void>
}

export interface ConnectOptions {
  readonly fetch: GuardedFetch
  readonly timeoutMs: number
  readonly program: { readonly name: string; readonly version: string }
}

const MAX_PAGES = 20

/** Connects and reads the list of tools. Rejects with an error that says why this cannot be done. */
export async function connect(
  place: McpPlace,
  options: ConnectOptions,
  signal: AbortSignal,
): Promise<McpConnection> {
  const { client, isOpen, endSession } = await openClient(place, options, signal)
  const close = async (): Promise<void> => {
    await endSession()
    await client.close()
  }
  try {
    const tools = await listTools(client, { signal, timeout: options.timeoutMs })
    return {
      tools,
      isOpen,
      call: async (name, input, callSignal) => callTool(client, name, input, callSignal),
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

interface OpenClient {
  readonly client: Client
  readonly isOpen: () => boolean
  /** Lets the server forget the session. Never rejects. */
  readonly endSession: () => Promise<void>
}

/** Servers that only speak the older protocol refuse the first attempt (MCP, backwards compatibility). */
async function openClient(
  place: McpPlace,
  options: ConnectOptions,
  signal: AbortSignal,
): Promise<OpenClient> {
  if (place.kind === 'stdio') return start(await programTransport(place), options, signal)
  const { StreamableHTTPClientTransport: Http, StreamableHTTPError: Refused } =
    await import('@modelcontextprotocol/sdk/client/streamableHttp.js')
  const settings = { fetch: toFetchLike(options.fetch), requestInit: { headers: { ...place.headers } } }
  try {
    return await start(new Http(new URL(place.url), settings) as Transport, options, signal)
  } catch (error) {
    const code = error instanceof Refused ? (error.code ?? 0) : 0
    if (code < 400 || code >= 500 || code === 401 || code === 403) throw error
  }
  const { SSEClientTransport } = await import('@modelcontextprotocol/sdk/client/sse.js')
  return start(new SSEClientTransport(new URL(place.url), settings), options, signal)
}

async function programTransport({ command, args, env }: McpPlace & { kind: 'stdio' }): Promise<Transport> {
  const { StdioClientTransport } = await import('@modelcontextprotocol/sdk/client/stdio.js')
  return new StdioClientTransport({ command, args: [...args], env: { ...env }, stderr: 'ignore' })
}

async function start(
  transport: Transport,
  { program, timeoutMs }: ConnectOptions,
  signal: AbortSignal,
): Promise<OpenClient> {
  // Loaded with the first server only.
  const { Client } = await import('@modelcontextprotocol/sdk/client/index.js')
  const client = new Client(program)
  let open = true
  client.onclose = () => {
    open = false
  }
  await client.connect(transport, { signal, timeout: timeoutMs })
  return { client, isOpen: () => open, endSession: async () => endSession(transport, timeoutMs) }
}

/** Servers keep what belongs to a session until they are told, and some forever. */
async function endSession(transport: Transport, timeoutMs: number): Promise<void> {
  if (!('terminateSession' in transport)) return
  const http = transport as StreamableHTTPClientTransport
  await Promise.race([Promise.allSettled([http.terminateSession()]), Bun.sleep(timeoutMs)])
}

/** The protocol's own redirects and errors are seen by its library, so each answer is handed on as it is. */
const toFetchLike =
  (fetch: GuardedFetch) =>
  async (url: string | URL, { headers, ...init }: RequestInit = {}): Promise<Response> => {
    const { response } = await fetch(String(url), {
      ...(init.method ? { method: init.method } : {}),
      ...(init.body ? { body: init.body } : {}),
      ...(init.signal ? { signal: init.signal } : {}),
      headers: Object.fromEntries(new Headers(headers)),
      maxRedirects: 0,
    })
    return response
  }

async function listTools(
  client: Client,
  options: { readonly signal: AbortSignal; readonly timeout: number },
): Promise<readonly McpTool[]> {
  const tools: McpTool[] = []
  let cursor: string | undefined
  for (let page = 0; page < MAX_PAGES; page++) {
    const list = await client.listTools(cursor === undefined ? {} : { cursor }, options)
    for (const { name, description, inputSchema, annotations } of list.tools)
      tools.push({ name, description, inputSchema, readOnly: annotations?.readOnlyHint === true })
    cursor = list.nextCursor
    if (cursor === undefined) break
  }
  return tools
}

async function callTool(
  client: Client,
  name: string,
  input: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
): Promise<McpResult> {
  try {
    const result = await client.callTool({ name, arguments: { ...input } }, undefined, {
      signal,
      timeout: MAX_CALL_MS,
      resetTimeoutOnProgress: true,
    })
    const { content, isError, structuredContent } = result
    return {
      isError: isError === true,
      content: Array.isArray(content) ? content : [],
      structured: structuredContent,
    }
  } catch (error) {
    signal.throwIfAborted()
    throw error
  }
}

/** Longer than any answer may take; the answer's own time limit ends calls before. */
const MAX_CALL_MS = 3_600_000
