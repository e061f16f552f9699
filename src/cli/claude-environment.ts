/** What Claude Code has to know of the server, and of the models behind it. */
export interface ClaudeFacts {
  readonly url: string
  /** The key that the server wants; any text will do where it has none. */
  readonly key: string
  /** What `big` can read, in tokens, where that is known. */
  readonly contextTokens: number | undefined
  /** What `big` can write in one answer, in tokens, where that is known. */
  readonly outputTokens: number | undefined
}

/** Claude Code's own choice; a model that writes less would refuse it. */
const CLAUDE_OUTPUT_TOKENS = 32_000
/** For a name that it does not know, Claude Code believes in a million. */
const SAFE_CONTEXT_TOKENS = 200_000

/**
 * The variables that point Claude Code at a server. All its tiers are named, as sub-agents and helpers would otherwise
 * ask for Claude models by name.
 */
export function toClaudeEnvironment(facts: ClaudeFacts): Readonly<Record<string, string>> {
  const { url, key, contextTokens = SAFE_CONTEXT_TOKENS, outputTokens } = facts
  return {
    ANTHROPIC_BASE_URL: url,
    ANTHROPIC_AUTH_TOKEN: key,
    ANTHROPIC_DEFAULT_MODEL: 'big',
    ANTHROPIC_DEFAULT_OPUS_MODEL: 'big',
    ANTHROPIC_DEFAULT_SONNET_MODEL: 'big',
    ANTHROPIC_DEFAULT_FABLE_MODEL: 'big',
    ANTHROPIC_DEFAULT_HAIKU_MODEL: 'small',
    CLAUDE_CODE_MAX_CONTEXT_TOKENS: String(contextTokens),
    ...(outputTokens !== undefined && outputTokens < CLAUDE_OUTPUT_TOKENS
      ? { CLAUDE_CODE_MAX_OUTPUT_TOKENS: String(outputTokens) }
      : {}),
    CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY: '1',
  }
}

/** Variables that would lead Claude Code past the server, or show it a second key. */
const CLEARED_VARIABLES = [
  'ANTHROPIC_API_KEY',
  'CLAUDE_CODE_USE_BEDROCK',
  'CLAUDE_CODE_USE_VERTEX',
  'CLAUDE_CODE_USE_FOUNDRY',
] as const

type Variables = Readonly<Record<string, string | undefined>>

/** The whole environment of a Claude Code that talks to the server; a proxy is not asked for this machine. */
export function claudeProcessEnvironment(own: Variables, facts: ClaudeFacts): Record<string, string> {
  const inherited = Object.entries(own).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && !CLEARED_VARIABLES.some((name) => name === entry[0]),
  )
  return {
    ...Object.fromEntries(inherited),
    ...toClaudeEnvironment(facts),
    ...OLD_NAMES,
    ...withoutProxy(own, facts.url),
  }
}

/** What versions before the tiers read. The server has settings of these names, so they are never put into a shell. */
const OLD_NAMES = { ANTHROPIC_MODEL: 'big', ANTHROPIC_SMALL_FAST_MODEL: 'small' }

const PROXIES = ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'https_proxy', 'ALL_PROXY', 'all_proxy']

function withoutProxy(own: Variables, url: string): Readonly<Record<string, string>> {
  if (!PROXIES.some((name) => own[name])) return {}
  const known = own['NO_PROXY'] ?? own['no_proxy'] ?? ''
  const names = [...new Set([...known.split(',').filter(Boolean), new URL(url).hostname])].join(',')
  return { NO_PROXY: names, no_proxy: names }
}

/** The shells whose language is known. */
export const SHELLS = ['bash', 'zsh', 'fish', 'powershell'] as const
export type Shell = (typeof SHELLS)[number]

/** The commands that set the variables in a shell, one a line. */
export function toShellCommands(shell: Shell, variables: Readonly<Record<string, string>>): string {
  const { set, clear } = SYNTAX[shell]
  const lines = [
    ...CLEARED_VARIABLES.map(clear),
    ...Object.entries(variables).map(([name, value]) => set(name, value)),
  ]
  return `${lines.join('\n')}\n`
}

/** A text as one word of a POSIX shell. */
export const quotePosix = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`

/** A text as one word of fish. */
export const quoteFish = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", `\\'`)}'`

interface ShellSyntax {
  readonly set: (name: string, value: string) => string
  readonly clear: (name: string) => string
}

const POSIX: ShellSyntax = {
  set: (name, value) => `export ${name}=${quotePosix(value)}`,
  clear: (name) => `unset ${name}`,
}

const SYNTAX: Readonly<Record<Shell, ShellSyntax>> = {
  bash: POSIX,
  zsh: POSIX,
  fish: {
    set: (name, value) => `set -gx ${name} ${quoteFish(value)}`,
    clear: (name) => `set -e ${name}`,
  },
  powershell: {
    set: (name, value) => `$env:${name} = '${value.replaceAll("'", "''")}'`,
    clear: (name) => `$env:${name} = $null`,
  },
}
