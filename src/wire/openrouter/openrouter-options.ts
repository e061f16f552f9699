import { Type } from '@sinclair/typebox'

import { maybe, oneOf, open } from '../schema.ts'
import { parameter } from './parameter.ts'
import { Plugin } from './plugins.ts'
import { ProviderPreferences } from './provider.ts'
import { ReasoningOptions } from './reasoning.ts'

const share = Type.Number({ minimum: 0, maximum: 1 })

const ImageConfig = Type.Record(
  Type.String(),
  Type.Union([Type.String(), Type.Number(), Type.Array(Type.Unknown())]),
)

const StopCondition = Type.Union([
  open({ type: Type.Literal('step_count_is'), step_count: Type.Integer({ minimum: 1 }) }),
  open({ type: Type.Literal('has_tool_call'), tool_name: Type.String() }),
  open({ type: Type.Literal('max_tokens_used'), max_tokens: Type.Integer({ minimum: 1 }) }),
  open({ type: Type.Literal('max_cost'), max_cost_in_dollars: Type.Number({ minimum: 0 }) }),
  open({ type: Type.Literal('finish_reason_is'), reason: Type.String() }),
])

const Trace = open({
  trace_id: maybe(Type.String()),
  trace_name: maybe(Type.String()),
  span_name: maybe(Type.String()),
  generation_name: maybe(Type.String()),
  parent_span_id: maybe(Type.String()),
})

const handles = maybe(Type.Array(Type.String(), { maxItems: 20 }))
const XSearchFilter = open({
  allowed_x_handles: handles,
  excluded_x_handles: handles,
  from_date: maybe(Type.String()),
  to_date: maybe(Type.String()),
})

/** Parameters that only OpenRouter, or some of its providers, know. */
export const OPENROUTER_OPTIONS = {
  debug: parameter(
    'R17',
    open({ echo_upstream_body: maybe(Type.Boolean()) }),
    'Has a stream show what the provider was sent; shown by `details`',
  ),
  image_config: parameter('R15', ImageConfig, 'Form of pictures in the answer, such as aspect_ratio'),
  include_reasoning: parameter(
    'R7',
    Type.Boolean(),
    'The older form of reasoning.exclude, the other way round',
  ),
  max_tool_calls: parameter(
    'R19',
    Type.Integer({ minimum: 1, maximum: 30 }),
    "How many steps OpenRouter's own tools may take",
  ),
  min_p: parameter('R11', share, 'Leaves out tokens that are so much less likely than the likeliest'),
  models: parameter(
    'R1',
    Type.Array(Type.String()),
    "Models that OpenRouter tries in turn when this one fails; Anthropic's word is fallbacks",
  ),
  plugins: parameter('R4', Type.Array(Plugin), 'What OpenRouter does to the request or the answer'),
  preset: parameter('R20', Type.String(), 'Settings that are stored at OpenRouter, by their slug'),
  provider: parameter('R3', ProviderPreferences, 'Which providers may answer, and in which order'),
  raw_mode: parameter('R26', Type.Boolean(), 'Passed to Hyperbolic: no chat template'),
  reasoning: parameter(
    'R6',
    ReasoningOptions,
    "How to think, in OpenRouter's words; replaces what thinking and effort would say",
  ),
  repetition_penalty: parameter(
    'R12',
    Type.Number({ exclusiveMinimum: 0, maximum: 2 }),
    "Makes repeating the input's tokens less likely",
  ),
  route: parameter('R2', oneOf(['fallback', 'sort']), 'How to use `models` (deprecated)'),
  safe_prompt: parameter('R25', Type.Boolean(), 'Passed to Mistral: its safety prompt comes first'),
  session_id: parameter(
    'R13',
    Type.String({ maxLength: 256 }),
    'Requests of one session stay with one provider, whose prompt cache is warm',
  ),
  stop_server_tools_when: parameter(
    'R18',
    Type.Array(StopCondition, { minItems: 1 }),
    "When OpenRouter's own tools stop; overrides max_tool_calls",
  ),
  structured_outputs: parameter('R22', Type.Boolean(), 'Asks for providers that keep to a schema'),
  top_a: parameter('R10', share, "Leaves out unlikely tokens, by the likeliest one's probability"),
  trace: parameter('R14', Trace, 'Names under which observability tools find the request'),
  transforms: parameter(
    'R5',
    Type.Array(oneOf(['middle-out'])),
    'Shortens prompts that are too long (older form of the context-compression plugin)',
  ),
  usage: parameter('R8', open({ include: maybe(Type.Boolean()) }), 'Without effect: usage always comes'),
  x_search_filter: parameter('R23', XSearchFilter, "Limits Grok's search on X"),
} as const
