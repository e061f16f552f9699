import { type Failure, invalidRequest } from '../../core/errors.ts'
import type { McpConnection, McpResult, McpTool } from '../../mcp/connection.ts'
import type { McpServers } from '../../mcp/servers.ts'
import type { Look, ServedOutput } from '../../translate/served/look.ts'
import type { ToolResultContent } from '../../wire/anthropic/content.ts'
import type { MessagesRequest } from '../../wire/anthropic/request.ts'
import type { CustomTool, Toolset } from '../../wire/anthropic/tools.ts'
import { failedOutput } from './failed.ts'
import type { ServedTool } from './tool.ts'

/** The tools of a request's MCP servers, connected. */
export interface McpTools {
  readonly tools: readonly ServedTool[]
  readonly definitions: readonly CustomTool[]
  close(): Promise<void>
}

type Asked = Pick<MessagesRequest, 'mcp_servers' | 'tools'>
type Server = NonNullable<Asked['mcp_servers']>[number]

/** Whether a request needs MCP servers at all. */
export const asksForMcp = ({ mcp_servers, tools }: Asked): boolean =>
  Boolean(mcp_servers?.length) || (tools ?? []).some(isToolset)

const isToolset = (tool: { readonly type?: unknown }): tool is Toolset => tool.type === 'mcp_toolset'

/**
 * Connects to all servers that a request names, and lists what of their tools it wants. Throws a `Failure` where one
 * cannot be reached: without its tools the answer would be another one.
 */
export async function openMcpTools(
  { mcp_servers, tools }: Asked,
  mcp: McpServers,
  signal: AbortSignal,
): Promise<McpTools> {
  const toolsets = (tools ?? []).filter(isToolset)
  const own = mcp_servers ?? []
  const opened: McpConnection[] = []
  const close = async (): Promise<void> => {
    await Promise.allSettled(opened.splice(0).map(async (connection) => connection.close()))
  }
  const open = async (wish: Wish): Promise<McpTools> => {
    const connection = await connectTo(wish, mcp, signal)
    if (wish.server) opened.push(connection)
    return offer(wish, connection)
  }
  const outcomes = await Promise.allSettled(wishesOf(own, toolsets, mcp).map(open))
  const failed = outcomes.find((outcome) => outcome.status === 'rejected')
  if (failed) {
    await close()
    throw failed.reason
  }
  const offers = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? outcome.value : []))
  return {
    tools: offers.flatMap((one) => one.tools),
    definitions: offers.flatMap((one) => one.definitions),
    close,
  }
}

/** One server, and what is wanted of it. */
interface Wish {
  readonly name: string
  /** Where in the request. */
  readonly path: string
  /** The request's own; undefined for a configured one. */
  readonly server: Server | undefined
  readonly toolset: Toolset | undefined
}

/** A server without a toolset is offered as a whole, as the first version of the connector had it. */
function wishesOf(
  servers: readonly Server[],
  toolsets: readonly Toolset[],
  { names, takesRequests }: McpServers,
): readonly Wish[] {
  if (servers.length > 0 && !takesRequests)
    throw invalidRequest(
      'mcp_servers: this server connects only to the MCP servers of its configuration; ' +
        'its operator can allow others with MCP_REQUEST_SERVERS',
    )
  const known = [...servers.map(({ name }) => name), ...names]
  for (const { mcp_server_name: name } of toolsets)
    if (!known.includes(name ?? ''))
      throw invalidRequest(
        `tools: mcp_toolset: there is no MCP server '${name ?? ''}'; name it in \`mcp_servers\`` +
          (names.length > 0 ? `, or use ${names.join(', ')}` : ''),
      )
  const configured = toolsets.filter(
    ({ mcp_server_name: name }) => !servers.some((server) => server.name === name),
  )
  return [
    ...servers.map((server, index) => ({
      name: server.name,
      path: `mcp_servers.${index}`,
      server,
      toolset: toolsets.find(({ mcp_server_name: name }) => name === server.name),
    })),
    ...configured.map((toolset) => ({
      name: toolset.mcp_server_name ?? '',
      path: 'tools: mcp_toolset',
      server: undefined,
      toolset,
    })),
  ]
}

async function connectTo(
  { name, path, server }: Wish,
  mcp: McpServers,
  signal: AbortSignal,
): Promise<McpConnection> {
  try {
    if (!server) return await mcp.shared(name, signal)
    const token = server.authorization_token
    const headers: Record<string, string> =
      typeof token === 'string' && token !== '' ? { authorization: `Bearer ${token}` } : {}
    return await mcp.open({ kind: 'http', url: server.url, headers }, signal)
  } catch (error) {
    signal.throwIfAborted()
    throw unreachable(name, path, error)
  }
}

function unreachable(name: string, path: string, error: unknown): Failure {
  const detail = error instanceof Error ? error.message.split('\n')[0]?.slice(0, 200) : String(error)
  return invalidRequest(`${path}: the MCP server '${name}' cannot be used: ${detail}`)
}

function offer({ name: server, toolset, server: own }: Wish, connection: McpConnection): McpTools {
  const chosen = connection.tools.filter((tool) => isEnabled(tool.name, toolset, own))
  return {
    tools: chosen.map((tool) => toServed(server, tool, connection)),
    definitions: chosen.map((tool) => toDefinition(server, tool, toolset)),
    close: async () => {},
  }
}

interface ToolConfig {
  readonly enabled?: boolean | null
  readonly defer_loading?: boolean | null
}

/** What the request says of one tool: its own entry before the default (Anthropic API, MCP connector). */
function configOf(name: string, toolset: Toolset | undefined): ToolConfig {
  const configs = toolset?.configs as Readonly<Record<string, ToolConfig>> | null | undefined
  return { ...(toolset?.default_config as ToolConfig | null | undefined), ...configs?.[name] }
}

function isEnabled(name: string, toolset: Toolset | undefined, server: Server | undefined): boolean {
  const { enabled, allowed_tools: allowed } = (server?.tool_configuration ?? {}) as {
    readonly enabled?: boolean | null
    readonly allowed_tools?: readonly string[] | null
  }
  if (enabled === false || (allowed && !allowed.includes(name))) return false
  return configOf(name, toolset).enabled !== false
}

/** Servers may give their tools the same names, so each has its server's before it. */
const nameOf = (server: string, tool: string): string =>
  `mcp__${server}__${tool}`.replaceAll(/[^a-zA-Z0-9_-]/g, '_').slice(0, 128)

const toDefinition = (server: string, tool: McpTool, toolset: Toolset | undefined): CustomTool => ({
  name: nameOf(server, tool.name),
  description: tool.description ?? null,
  input_schema: { ...tool.inputSchema },
  ...(configOf(tool.name, toolset).defer_loading === true ? { defer_loading: true } : {}),
})

function toServed(server: string, tool: McpTool, connection: McpConnection): ServedTool {
  const look: Look = { kind: 'mcp', server, name: tool.name }
  return {
    name: nameOf(server, tool.name),
    look,
    parallelSafe: tool.readOnly,
    async run(input, { signal }) {
      try {
        return toOutput(await connection.call(tool.name, input, signal))
      } catch (error) {
        signal.throwIfAborted()
        const detail = error instanceof Error ? error.message : String(error)
        return failedOutput(look, 'unavailable', `The MCP server ${server} failed: ${detail}`)
      }
    },
  }
}

type Part = McpResult['content'][number]

/** The client is shown texts; the model sees images too. */
function toOutput({ isError, content, structured }: McpResult): ServedOutput {
  const parts: readonly Part[] =
    content.length === 0 && structured !== undefined
      ? [{ type: 'text', text: JSON.stringify(structured) }]
      : content
  const shown = parts.map(toText)
  const hasImage = parts.some(isImage)
  return { isError, shown, ...(hasImage ? { content: parts.map(toBlock) } : {}) }
}

const isImage = ({ type }: Part): boolean => type === 'image'

const wordOf = (value: unknown, otherwise: string): string => (typeof value === 'string' ? value : otherwise)

function toText(part: Part): string {
  switch (part['type']) {
    case 'text':
      return String(part['text'])
    case 'resource_link':
      return `[${String(part['title'] ?? part['name'])}](${String(part['uri'])})`
    case 'resource': {
      const { text, uri, mimeType } = (part['resource'] ?? {}) as Part
      return typeof text === 'string' ? text : `[a file: ${String(uri)}, ${wordOf(mimeType, 'binary')}]`
    }
    default:
      return `[${String(part['type'])}: ${wordOf(part['mimeType'], 'unknown type')}]`
  }
}

const IMAGES = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'] as const

function toBlock(part: Part): ToolResultContent {
  const media_type = IMAGES.find((type) => type === part['mimeType'])
  return isImage(part) && media_type
    ? { type: 'image', source: { type: 'base64', media_type, data: String(part['data']) } }
    : { type: 'text', text: toText(part) }
}
