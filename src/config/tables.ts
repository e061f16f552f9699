/** A server that models are asked at. Times are milliseconds. */
export interface UpstreamConfig {
  readonly name: string
  /** Up to the path that `/chat/completions` or `/messages` is appended to. */
  readonly baseUrl: string
  readonly apiKey: string | undefined
  /** Which API it is asked by: chat completions, or Anthropic's Messages. */
  readonly wire: 'chat' | 'messages'
  /** Whether it understands what OpenRouter adds to OpenAI's API. */
  readonly dialect: 'openrouter' | 'openai'
  /** Names, or patterns with `*`, of the models that are asked here without further word. */
  readonly models: readonly string[]
  /** Sent with every call; the names are in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly connectTimeoutMs: number
  readonly requestTimeoutMs: number
  readonly firstByteTimeoutMs: number
  readonly idleTimeoutMs: number
}

/** What is special about some models; undefined leaves it to less specific rules, and then to the upstream. */
export interface ModelRule {
  /** A model name, or a pattern with `*`. */
  readonly pattern: string
  /** The name of an upstream that exists. */
  readonly upstream: string | undefined
  readonly wire: UpstreamConfig['wire'] | undefined
  readonly fallbacks: readonly string[] | undefined
  /** Chat options that a client's own win over. */
  readonly options: Readonly<Record<string, unknown>>
  readonly cacheBreakpoints: 'auto' | 'client' | undefined
  /** Tools of this server that every request for the model may use, by name; `*` means all. */
  readonly serverTools: readonly string[] | undefined
}

/** The kinds of request that may have a model of their own. */
export const ROUTES = [
  'default',
  'background',
  'thinking',
  'long_context',
  'image',
  'web_search',
  'subagent',
] as const
export type RouteName = (typeof ROUTES)[number]

/** Which model answers which kind of request. */
export interface Routes {
  readonly models: Readonly<Partial<Record<RouteName, string>>>
  /** From how many tokens on a prompt is long. */
  readonly longContextTokens: number
}

/** An MCP server that models may use: at an address, or a program that is started. */
export interface McpServerConfig {
  readonly name: string
  readonly place:
    | { readonly kind: 'http'; readonly url: string; readonly headers: Readonly<Record<string, string>> }
    | {
        readonly kind: 'stdio'
        readonly command: string
        readonly args: readonly string[]
        readonly env: Readonly<Record<string, string>>
      }
}
