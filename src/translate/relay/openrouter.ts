import type { Fields } from '../../core/context.ts'
import { isRecord } from '../../core/record.ts'
import { BODY_FIELDS, CHAT_OPTIONS, REFUSED } from '../../wire/openrouter/options.ts'
import { type OptionSources, toHeaderName } from '../option-sources.ts'
import type { Warn } from './history.ts'

/** Options of chat completions that OpenRouter's Messages API has, too (openrouter §1.3). */
const TAKES: ReadonlySet<string> = new Set([
  'models',
  'plugins',
  'provider',
  'route',
  'session_id',
  'stop_server_tools_when',
  'trace',
  'user',
])
const CHAT_ONLY: readonly string[] = CHAT_OPTIONS.filter((name) => !TAKES.has(name))

/** What `openrouter` says in another form than Anthropic's, or in no form that a Messages API has. */
const NOT_RELAYED: ReadonlySet<string> = new Set([...CHAT_ONLY, 'metadata', 'tool_choice', 'tools_extra'])

/** Names that tell this server something, and no upstream. */
export const OURS: ReadonlySet<string> = new Set([
  'details',
  'response_cache',
  'stop',
  ...Object.keys(BODY_FIELDS),
  ...Object.keys(REFUSED),
])

/** Anthropic's parameters that OpenRouter's Messages API lacks (openrouter §1.3). */
const ABSENT = [
  'container',
  'diagnostics',
  'inference_geo',
  'mcp_servers',
  'thread',
  'compaction',
  'billing_policy',
  'fallback_credit_token',
] as const

const IS_ABSENT = "OpenRouter's Messages API has no such parameter; it is left out"

/** A request's fields without those that OpenRouter's Messages API lacks. */
export function withoutAbsent(fields: Fields, warn: Warn): Fields {
  const kept: Record<string, unknown> = { ...fields }
  for (const name of [...ABSENT, ...CHAT_ONLY]) {
    if (isGiven(kept[name])) warn(name, IS_ABSENT)
    delete kept[name]
  }
  if (isRecord(kept['thinking']) && kept['thinking']['type'] === 'between_tools') {
    warn(
      'thinking.type',
      "OpenRouter's Messages API does not know `between_tools`; the model's default counts",
    )
    delete kept['thinking']
  }
  if (isGiven(kept['fallbacks']))
    warn('fallbacks', 'OpenRouter has no default fallback models; name the models to fall back to')
  delete kept['fallbacks']
  return withFormat(kept)
}

/** `output_format` is the older name of `output_config.format`. */
function withFormat({ output_format: format, ...fields }: Fields): Fields {
  if (!isRecord(format)) return fields
  const config = isRecord(fields['output_config']) ? fields['output_config'] : {}
  return { ...fields, output_config: { format, ...config } }
}

export interface RelayedOptions {
  /** Stand where the request itself says nothing: the operator's, then those of the client's headers. */
  readonly weaker: Fields
  /** Those of the client's `openrouter` object win over the request's own (openrouter §7.9). */
  readonly stronger: Fields
}

/** The options that OpenRouter's Messages API takes. */
export const relayedOptions = ({ inside, headers, model }: OptionSources, warn: Warn): RelayedOptions => ({
  weaker: {
    ...taken(model, () => {}),
    ...taken(headers, (name) => warn(`header ${toHeaderName(name)}`, IS_ABSENT)),
  },
  stronger: taken(inside, (name) => warn(`openrouter.${name}`, IS_ABSENT)),
})

function taken(options: Fields, leaveOut: (name: string) => void): Fields {
  const kept: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(options)) {
    if (!isGiven(value) || OURS.has(name)) continue
    if (NOT_RELAYED.has(name)) leaveOut(name)
    else kept[name] = value
  }
  return kept
}

const isGiven = (value: unknown): boolean => value !== undefined && value !== null
