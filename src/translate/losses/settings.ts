import type { MessagesRequest, Thinking } from '../../wire/anthropic/request.ts'
import { optionFields } from '../../wire/openrouter/options.ts'
import { type Edit, EDIT_KINDS } from '../context-edits.ts'
import { outputLimit, sampling } from '../options.ts'
import { blockFate, textFate } from './blocks.ts'
import {
  decided,
  each,
  type Fate,
  type Fates,
  fields,
  firstOf,
  type Found,
  kept,
  lost,
  NOTHING,
  spared,
  when,
} from './fates.ts'
import { mark } from './marks.ts'
import { toolChoiceFate, toolFate } from './tools.ts'

// — limits and sampling —

/** 0 only warms the prompt cache; what the answer takes for it is dropped. */
const maxTokens: Fate = (asked, terms) => {
  const sent = outputLimit(terms)
  if (sent === asked || asked === 0) return NOTHING
  const change = sent < Number(asked) ? 'lowered' : 'raised'
  return [
    { path: '', message: `is ${change} to ${sent}, as far as this model and server go`, harmless: true },
  ]
}

/** Sampling that does not reach the model, or that it does not read. */
const sampled = (name: 'temperature' | 'top_p' | 'top_k', neutral: number): Fate =>
  when((value, { request, target }) => {
    if (value === neutral) return false
    const { supportedParameters: known } = target.facts
    return sampling(request, target)[name] === undefined || known?.includes(name) === false
  }, lost('is not done: this model samples in its own way'))

/** OpenAI's models read none, whoever serves them. */
const topK: Fate = firstOf(
  when(
    (value, { target }) => target.family === 'openai' && value !== 0,
    lost("is not done: OpenAI's models do not sample by it"),
  ),
  sampled('top_k', 0),
)

// — thinking: what is said beside its type and budget, for which see reasoning.ts —

const thinking: Fate = fields({
  type: kept,
  budget_tokens: kept,
  display: when((value) => value === 'updates', spared('is read as summarized')),
  block_binding: fields({
    prefix_mismatch_behavior: when(
      (value) => value === 'error',
      spared('is read as drop_block: thoughts that the model refuses are left out'),
    ),
  }),
} satisfies Fates<Required<Extract<Thinking, { type: 'enabled' }>>>)

// — messages —

/** What is lost of one message. */
export const messageFate: Fate = fields({
  role: kept,
  content: each(blockFate),
  // Done before the translation: context-edits.ts.
  clear_at: kept,
  output_config: fields({ effort: kept }),
})

// — service —

const FASTER = spared('is not sent beside `speed`')
const NO_TIERS = spared('is not sent: this upstream has no service tiers')

const serviceTier: Fate = (tier, terms, owner) => {
  if (tier === 'auto') return NOTHING
  if (terms.request.speed === 'fast') return FASTER(tier, terms, owner)
  return tier === 'standard_only' && !terms.target.openrouter ? NO_TIERS(tier, terms, owner) : NOTHING
}

/** Other keys than the user's go upstream as they are. */
const metadata: Fate = (value, { target }) =>
  (value as { user_id?: unknown }).user_id && !target.openrouter ? NAMELESS : NOTHING

const NAMELESS: Found = [
  { path: 'user_id', message: 'is not sent: this upstream is not told of users', harmless: true },
]

const ofRequest = spared("is not used: a fallback gets the request's own")
const ownFallbacks = each(
  fields({
    model: kept,
    max_tokens: ofRequest,
    thinking: ofRequest,
    output_config: ofRequest,
    speed: ofRequest,
  }),
)
const defaultFallbacks = lost('is not done: this server has no default fallbacks for a client to ask for')

const fallbacks: Fate = (value, terms, owner) =>
  (value === 'default' ? defaultFallbacks : ownFallbacks)(value, terms, owner)

// — context —

const editFields = fields({
  type: kept,
  trigger: kept,
  keep: kept,
  clear_at_least: kept,
  exclude_tools: kept,
  clear_tool_inputs: kept,
  pause_after_compaction: spared('means nothing to this edit'),
  instructions: spared('means nothing to this edit'),
} satisfies Fates<Edit>)

const edit: Fate = (value, terms, owner) =>
  EDIT_KINDS.has((value as { type: string }).type)
    ? editFields(value, terms, owner)
    : lost('is not applied: this server does no such edit')(value, terms, owner)

// — the request —

/** Options of chat completions go upstream as they are. */
type Own = Omit<MessagesRequest, keyof typeof optionFields>

const OWN: Fates<Own> = {
  model: kept,
  messages: kept,
  system: each(textFate),
  tools: each(toolFate),
  tool_choice: toolChoiceFate,
  thinking,
  output_config: fields({
    // For the effort see reasoning.ts.
    effort: kept,
    format: fields({ type: kept, schema: kept, name: kept }),
    task_budget: lost('is not told to the model'),
  }),
  output_format: fields({ type: kept, schema: kept, name: kept }),
  cache_control: mark,
  context_management: fields({ edits: each(edit) }),
  // Refused before, unless they ask for nothing.
  mcp_servers: kept,
  compaction: kept,
  container: kept,
  thread: kept,
  speed: kept,
  billing_policy: lost('is not done: who pays is decided upstream'),
  max_tokens: maxTokens,
  stream: kept,
  stop_sequences: kept,
  temperature: sampled('temperature', 1),
  top_p: sampled('top_p', 1),
  top_k: topK,
  metadata,
  service_tier: serviceTier,
  inference_geo: when(
    (value) => value !== 'global',
    lost('is not done: where the model runs is decided upstream'),
  ),
  diagnostics: spared('is not done: `diagnostics` in the answer stays null'),
  fallbacks,
  fallback_credit_token: lost('is not used: there are no credits here'),
  openrouter: kept,
}

/** What is lost of the request's own fields and all that is in them, except for `messages`. */
export const requestFate: Fate = decided<Own>(OWN, {
  ...Object.fromEntries([...Object.keys(optionFields), 'n', 'betas'].map((name) => [name, kept])),
  safeguards: lost('is not done: this server has no classifiers'),
})
