import { connect, type ConnectOptions, type McpConnection, type McpPlace } from './connection.ts'

/** A server that the operator has configured. */
export interface McpServerPlan {
  readonly name: string
  readonly place: McpPlace
}

/** The MCP servers that models may use. */
export interface McpServers {
  /** Whether requests may name servers of their own. */
  readonly takesRequests: boolean
  /** The names of those that are configured. */
  readonly names: readonly string[]
  /** Connects to a request's own server; whoever asked closes the connection. */
  open(place: McpPlace, signal: AbortSignal): Promise<McpConnection>
  /** The connection to a configured server, which all requests share and nobody closes. */
  shared(name: string, signal: AbortSignal): Promise<McpConnection>
  /** Ends all connections, and the programs behind them. */
  close(): Promise<void>
}

export interface McpOptions extends ConnectOptions {
  readonly takesRequests: boolean
  readonly plans: readonly McpServerPlan[]
}

/** Configured servers are connected to at their first use, and again when a connection has ended. */
export function createMcpServers(options: McpOptions): McpServers {
  const plans = new Map(options.plans.map((plan) => [plan.name, plan]))
  const connections = new Map<string, Promise<McpConnection>>()

  const begin = async (name: string): Promise<McpConnection> => {
    const plan = plans.get(name)
    if (!plan) throw new Error(`there is no MCP server ${name}`)
    // Nobody's hang-up may end what others wait for.
    const connection = connect(plan.place, options, AbortSignal.timeout(options.timeoutMs))
    connections.set(name, connection)
    try {
      return await connection
    } catch (error) {
      connections.delete(name)
      throw error
    }
  }
  return {
    takesRequests: options.takesRequests,
    names: [...plans.keys()],
    open: async (place, signal) =>
      connect(place, options, AbortSignal.any([signal, AbortSignal.timeout(options.timeoutMs)])),
    async shared(name, signal) {
      signal.throwIfAborted()
      const known = await connections.get(name)
      return known?.isOpen() ? known : begin(name)
    },
    async close() {
      const all = [...connections.values()]
      connections.clear()
      await Promise.allSettled(all.map(async (connection) => (await connection).close()))
    },
  }
}
