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
}

/** Claude Code asks for the long context this way; no upstream knows it. */
const CONTEXT_SUFFIX = /\[1m\]$/i

/** The model name that a client asked for → the slug that the upstream knows. Follows at most one alias. */
export function mapModel(requested: string, map: ModelMap): string {
  const name = withoutPrefix(requested.trim().replace(CONTEXT_SUFFIX, ''), map)
  return ownAlias(name, map) ?? toTier(name, map) ?? toSlug(name, map)
}

/** The same for the target of an own alias, which may be `big`, `small` or a Claude name. */
const mapTarget = (name: string, map: ModelMap): string => toTier(name, map) ?? toSlug(name, map)

/** `openrouter/x` means x, except for OpenRouter's own routers such as `openrouter/auto`. */
function withoutPrefix(name: string, map: ModelMap): string {
  if (!name.startsWith('openrouter/')) return name
  const rest = name.slice('openrouter/'.length)
  const isModel = rest.includes('/') || isTier(rest) || isClaudeName(rest) || Object.hasOwn(map.aliases, rest)
  return isModel || !map.openrouter ? rest : name
}

function ownAlias(name: string, map: ModelMap): string | undefined {
  const exact = Object.hasOwn(map.aliases, name) ? map.aliases[name] : undefined
  const target = exact ?? Object.entries(map.aliases).find(([pattern]) => matches(pattern, name))?.[1]
  return target === undefined ? undefined : mapTarget(target, map)
}

const matches = (pattern: string, name: string): boolean =>
  pattern.includes('*') && new RegExp(`^${pattern.split('*').map(escapeRegExp).join('.*')}$`, 'i').test(name)

const escapeRegExp = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')

const isTier = (name: string): boolean => name === 'big' || name === 'small'

/** `big` and `small`; and, where the operator chose their targets, every Claude name by its tier. */
function toTier(name: string, map: ModelMap): string | undefined {
  if (name === 'big') return map.big
  if (name === 'small') return map.small
  if (!isClaudeName(name)) return undefined
  if (name.includes('haiku') && map.smallIsSet) return map.small
  return map.bigIsSet ? map.big : undefined
}

const isClaudeName = (name: string): boolean => /^claude-/i.test(name)

/** `claude-sonnet-4-5-20250929` → `anthropic/claude-sonnet-4.5`; all else stays as it is. */
function toSlug(name: string, map: ModelMap): string {
  if (!isClaudeName(name) || !map.openrouter) return name
  const undated = name.toLowerCase().replace(/-(\d{8}|latest)(?=$|:)/, '')
  return `anthropic/${undated.replaceAll(/(\d)-(?=\d)/g, '$1.')}`
}
