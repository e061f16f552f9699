/** How model names are mapped: what the configuration says, and what the upstream is. */
export interface ModelMap {
  /** Targets of the aliases `big` and `small`. */
  readonly big: string
  readonly small: string
  /** Whether the targets were set by the operator: then Claude names go to them as well. */
  readonly bigIsSet: boolean
  readonly smallIsSet: boolean
  /** Own aliases: name, or pattern with `*`, → model. */
  readonly aliases: Readonly<Record<string, string>>
  readonly openrouter: boolean
  /** Whether `openrouter/` is the name of an upstream of the operator's, and so part of the model's name. */
  readonly ownPrefix?: boolean
}

/** The model name that a client asked for → the slug that the upstream knows. Follows at most one own alias. */
export function mapModel(requested: string, map: ModelMap): string {
  const name = plainName(requested, map)
  const alias = ownAlias(requested.trim(), map) ?? ownAlias(name, map)
  return alias === undefined ? resolve(name, map) : resolve(plainName(alias, map), map)
}

const resolve = (name: string, map: ModelMap): string => toTier(name, map) ?? toSlug(name, map)

/** Claude Code asks for the long context this way; no upstream knows it. */
const CONTEXT_SUFFIX = /\[1m\]$/i
const CLAUDE_CONTEXT_SUFFIX = /^(claude-.*)-1m$/i

function plainName(requested: string, map: ModelMap): string {
  const name = requested.trim().replace(CONTEXT_SUFFIX, '')
  return withoutPrefix(name, map).replace(CLAUDE_CONTEXT_SUFFIX, '$1')
}

const PREFIX = /^openrouter\//i

/** `openrouter/x` means x, except for OpenRouter's own routers such as `openrouter/auto`. */
function withoutPrefix(name: string, map: ModelMap): string {
  if (map.ownPrefix === true || !PREFIX.test(name)) return name
  const rest = name.replace(PREFIX, '')
  const isModel = rest.includes('/') || isTier(rest) || isClaudeName(rest) || Object.hasOwn(map.aliases, rest)
  return isModel || !map.openrouter ? rest : name
}

/** The exact name wins over patterns, and the first pattern that fits over later ones. */
function ownAlias(name: string, { aliases }: ModelMap): string | undefined {
  if (Object.hasOwn(aliases, name)) return aliases[name]
  return Object.entries(aliases).find(([pattern]) => matches(pattern, name))?.[1]
}

const matches = (pattern: string, name: string): boolean =>
  new RegExp(`^${pattern.split('*').map(escapeRegExp).join('.*')}$`, 'i').test(name)

const escapeRegExp = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')

const isTier = (name: string): boolean => /^(big|small)$/i.test(name)

const isClaudeName = (name: string): boolean => /^claude-/i.test(name)

/** `big` and `small`; and, where the operator chose their targets, every Claude name by its tier. */
function toTier(name: string, map: ModelMap): string | undefined {
  const small = /^small$/i.test(name) || (/^claude-.*haiku/i.test(name) && map.smallIsSet)
  const big = isTier(name) || (isClaudeName(name) && map.bigIsSet)
  if (!small && !big) return undefined
  return toSlug(plainName(small ? map.small : map.big, map), map)
}

/** `claude-sonnet-4-5-20250929` → `anthropic/claude-sonnet-4.5`; all else stays as it is. */
function toSlug(name: string, map: ModelMap): string {
  if (!isClaudeName(name) || !map.openrouter) return name
  const undated = name.toLowerCase().replace(/[-@](\d{8}|latest)(?=$|:)/, '')
  return `anthropic/${undated.replace(/-0(?=$|:)/, '').replaceAll(/(\d)-(?=\d)/g, '$1.')}`
}
