import type { CustomTool, ServerTool, Tool, ToolChoice, TypedClientTool } from '../../wire/anthropic/tools.ts'
import { findUnsayable } from '../gemini-schema.ts'
import { toParameters } from '../schema.ts'
import { canForce } from '../tool-choice.ts'
import { type Kind, kindOf } from '../tools.ts'
import { decided, type Fate, kept, lost, NOTHING, spared, when } from './fates.ts'
import { mark } from './marks.ts'

type Schema = NonNullable<CustomTool['input_schema']>

/** Code that runs on the service and calls tools: there is none here. */
const callers = when(
  (value) => Array.isArray(value) && value.some((caller) => caller !== 'direct'),
  spared("is read as ['direct']: this server runs no code that could call tools"),
)

const loose = spared('is not sent: the schema is not one that this model can be held to')

const looseHere: Fate = (value, terms, owner) => {
  if (value !== true) return NOTHING
  const { input_schema: schema } = owner as CustomTool
  return toParameters(schema, terms.target.family, true).strict ? NOTHING : loose(value, terms, owner)
}

/** Gemini's schemas say less than others. */
const geminiSchema: Fate = (value, { target }) => {
  if (target.family !== 'google') return NOTHING
  const keyword = findUnsayable(value as Schema)
  if (keyword === undefined) return NOTHING
  return [
    { path: '', message: `is sent without \`${keyword}\`: Gemini's schemas cannot say it`, harmless: true },
  ]
}

const custom = decided<CustomTool>({
  type: kept,
  name: kept,
  description: kept,
  input_schema: geminiSchema,
  input_examples: kept,
  eager_input_streaming: kept,
  cache_control: mark,
  allowed_callers: callers,
  defer_loading: kept,
  strict: looseHere,
})

const isTrue = (value: unknown): boolean => value === true

const client = decided<TypedClientTool>({
  type: kept,
  name: kept,
  max_characters: kept,
  display_width_px: kept,
  display_height_px: kept,
  display_number: kept,
  enable_zoom: kept,
  input_examples: kept,
  cache_control: mark,
  allowed_callers: callers,
  defer_loading: kept,
  strict: when(isTrue, loose),
})

const otherwise = spared('is not done: the web tool that is used has no such setting')

/** The settings that both hosted tools have, or both have not. */
const hosted = {
  type: kept,
  name: kept,
  max_uses: kept,
  allowed_domains: kept,
  blocked_domains: kept,
  user_location: otherwise,
  max_content_tokens: otherwise,
  citations: when(
    (value) => isTrue((value as { enabled?: unknown }).enabled),
    lost('is not done: pages are not cited'),
  ),
  url_sources: otherwise,
  use_cache: otherwise,
  response_inclusion: otherwise,
  model: otherwise,
  max_tokens: otherwise,
  caching: otherwise,
  // It moves to the last function.
  cache_control: mark,
  allowed_callers: callers,
  defer_loading: kept,
  strict: when(isTrue, otherwise),
} satisfies { readonly [Field in keyof Required<ServerTool>]: Fate }

const KINDS: { readonly [Known in Kind]: Fate } = {
  custom,
  client,
  web_search: decided<ServerTool>({ ...hosted, user_location: kept }),
  web_fetch: decided<ServerTool>({ ...hosted, max_content_tokens: kept }),
  tool_search: spared('is not sent: every deferred tool is offered from the start instead'),
  openrouter: kept,
  // Made functions before: messages/served/.
  own: kept,
  // Refused before.
  unsupported: kept,
}

/** What is lost of one tool. */
export const toolFate: Fate = (value, terms, owner) => KINDS[kindOf(value as Tool)](value, terms, owner)

/** What is lost of `tool_choice`. */
export const toolChoiceFate: Fate = decided<
  ToolChoice & { name: string; disable_parallel_tool_use: boolean }
>({
  type: when(
    (value, { request, target }) => (value === 'any' || value === 'tool') && !canForce(request, target),
    lost('is asked for in words: this model cannot be made to call a tool'),
  ),
  name: kept,
  disable_parallel_tool_use: kept,
})
