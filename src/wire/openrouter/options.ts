import { type Static, Type } from '@sinclair/typebox'

import { maybe, oneOf, open } from '../schema.ts'
import { ResponseCacheOptions } from '../server/cache.ts'
import { OPENAI_OPTIONS } from './openai-options.ts'
import { OPENROUTER_OPTIONS } from './openrouter-options.ts'
import { fieldsOf, type Parameter, parameter } from './parameter.ts'

/**
 * Request parameters of chat completions that Anthropic's API has no field for (openrouter §2, §7.9). A client may
 * send them beside Anthropic's own fields, inside `openrouter: {…}` or as headers; an operator sets them for a model.
 */
export const OPTIONS = { ...OPENAI_OPTIONS, ...OPENROUTER_OPTIONS }
type OptionName = keyof typeof OPTIONS

/** Their names, in the order in which they go upstream. */
export const CHAT_OPTIONS = Object.keys(OPTIONS) as readonly OptionName[]

const Metadata = Type.Record(Type.String({ pattern: '^.{0,64}$' }), Type.String({ maxLength: 512 }), {
  additionalProperties: false,
  maxProperties: 16,
})

const named = open({ name: Type.String() })
const ChatToolChoice = Type.Union([
  oneOf(['none', 'auto', 'required']),
  open({ type: Type.Literal('function'), function: named }),
  open({ type: Type.Literal('custom'), custom: named }),
  open({
    type: Type.Literal('allowed_tools'),
    allowed_tools: open({ mode: oneOf(['auto', 'required']), tools: Type.Array(Type.Unknown()) }),
  }),
  open({ type: Type.String({ pattern: '^openrouter:' }) }),
])

/**
 * Parameters under a name that Anthropic uses, too. Beside Anthropic's fields such a name means Anthropic's field;
 * everywhere else it has chat completions' form.
 */
export const SHARED = {
  cache_control: parameter(
    'R16',
    open({ type: Type.Literal('ephemeral'), ttl: maybe(oneOf(['5m', '1h'])) }),
    'A cache breakpoint at the end of the prompt',
  ),
  max_tokens: parameter('O10', Type.Integer({ minimum: 1 }), 'The longest answer'),
  metadata: parameter('O11', Metadata, "Notes on the request; beside Anthropic's fields all but user_id"),
  service_tier: parameter(
    'O25',
    oneOf(['auto', 'default', 'flex', 'scale', 'priority', 'fast']),
    "How fast and how dear; beside Anthropic's fields standard_only, too",
  ),
  speed: parameter('R24', oneOf(['standard', 'fast']), 'Fast is the same as service_tier priority'),
  stop: parameter(
    'O26',
    Type.Union([Type.String(), Type.Array(Type.String())]),
    'Joins stop_sequences, from every source',
  ),
  temperature: parameter('O30', Type.Number({ minimum: 0, maximum: 2 }), 'How daring the choice of words is'),
  tool_choice: parameter('O31', ChatToolChoice, 'Which tools may or must be called'),
  top_k: parameter('R9', Type.Integer({ minimum: 0 }), 'Only the likeliest tokens are chosen from; 0 is off'),
  top_p: parameter('O34', Type.Number({ minimum: 0, maximum: 1 }), 'Only the likeliest share is chosen from'),
} as const
export const SHARED_NAMES = Object.keys(SHARED) as ReadonlyArray<keyof typeof SHARED>

const anything = Type.Unknown()

/** The request itself: Anthropic's fields, and nothing else, make these. */
export const BODY_FIELDS = {
  messages: parameter('O1', anything, 'From messages and system'),
  model: parameter('O2', anything, "From model, by the server's aliases"),
  stream: parameter('O28', anything, 'From stream'),
  tools: parameter('O32', anything, "From tools; chat completions' own form stands in `tools_extra`"),
} as const

/** What cannot be had, and what to use instead. */
export const REFUSED = {
  function_call: parameter('O5', Type.Never(), 'use `tool_choice`'),
  functions: parameter('O6', Type.Never(), 'use `tools`'),
  n: parameter('O14', Type.Literal(1), 'there is one answer a request; send several requests'),
  prompt: parameter('R21', Type.Never(), 'use `messages`'),
} as const

/** All 63 parameters by name. */
export const PARAMETERS: Readonly<Record<string, Parameter>> = {
  ...OPTIONS,
  ...SHARED,
  ...BODY_FIELDS,
  ...REFUSED,
}

/** A tool in chat completions' own form. */
const ExtraTool = Type.Union([
  open({ type: Type.Literal('function'), function: named }),
  open({ type: Type.String({ pattern: '^(?!function$).' }) }),
])

/** What stands inside `openrouter: {…}`, in `x-openrouter-…` headers and in a model's own options. */
export const ChatOptions = open(
  {
    ...fieldsOf(OPTIONS),
    ...fieldsOf(SHARED),
    tools_extra: maybe(Type.Array(ExtraTool)),
    details: maybe(Type.Boolean()),
    response_cache: maybe(ResponseCacheOptions),
  },
  { $id: 'ChatOptions', description: 'Parameters of chat completions; unknown ones are passed on' },
)
export type ChatOptions = Static<typeof ChatOptions>

/** The options that may stand beside Anthropic's own fields. */
export const optionFields = { ...fieldsOf(OPTIONS), stop: maybe(SHARED.stop.schema) }
