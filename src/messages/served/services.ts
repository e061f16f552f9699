import type { McpServers } from '../../mcp/servers.ts'
import type { Web } from '../../web/web.ts'
import type { LoopLimits } from './limits.ts'

/** What tools need that the server runs for a request. Made once, in `src/services.ts`. */
export interface ServerTools {
  readonly limits: LoopLimits
  readonly web: Web
  /** Who runs Anthropic's web tools, as the operator wants it. */
  readonly webTools: 'auto' | 'openrouter' | 'server'
  readonly mcp: McpServers
  /** How deep agents may give tasks to others; at depth 0 stands the answer to a client. */
  readonly agents: { readonly depth: number; readonly maxDepth: number }
}
