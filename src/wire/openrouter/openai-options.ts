import { Type } from '@sinclair/typebox'

import { maybe, oneOf, open } from '../schema.ts'
import { parameter } from './parameter.ts'
import { ReasoningEffort } from './reasoning.ts'

const Audio = open({
  voice: Type.Union([Type.String(), open({ id: Type.String() })]),
  format: oneOf(['wav', 'aac', 'mp3', 'flac', 'opus', 'pcm16']),
})

const moderationPolicy = maybe(open({ mode: oneOf(['score', 'block']) }))
const Moderation = open({
  model: maybe(Type.String()),
  policy: maybe(open({ input: moderationPolicy, output: moderationPolicy })),
})

const Prediction = open({
  type: Type.Literal('content'),
  content: Type.Union([Type.String(), Type.Array(open({ type: Type.Literal('text'), text: Type.String() }))]),
})

const PromptCacheOptions = open({
  mode: maybe(oneOf(['implicit', 'explicit'])),
  ttl: maybe(oneOf(['30m'])),
})

const ResponseFormat = Type.Union([
  open({ type: oneOf(['text', 'json_object', 'python']) }),
  open({
    type: Type.Literal('json_schema'),
    json_schema: open({
      name: Type.String({ pattern: '^[a-zA-Z0-9_-]{1,64}$' }),
      description: maybe(Type.String()),
      schema: maybe(Type.Record(Type.String(), Type.Unknown())),
      strict: maybe(Type.Boolean()),
    }),
  }),
  open({ type: Type.Literal('grammar'), grammar: Type.String() }),
])

const WebSearchOptions = open({
  search_context_size: maybe(oneOf(['low', 'medium', 'high'])),
  user_location: maybe(
    open({
      type: Type.Literal('approximate'),
      approximate: maybe(
        open({
          city: maybe(Type.String()),
          country: maybe(Type.String()),
          region: maybe(Type.String()),
          timezone: maybe(Type.String()),
        }),
      ),
    }),
  ),
})

const penalty = Type.Number({ minimum: -2, maximum: 2 })

/** Parameters of OpenAI's chat completions that Anthropic has no field for. */
export const OPENAI_OPTIONS = {
  audio: parameter('O3', Audio, 'Voice and format of a spoken answer'),
  frequency_penalty: parameter(
    'O4',
    penalty,
    'Makes repeating a word less likely, the more often it was used',
  ),
  logit_bias: parameter(
    'O7',
    Type.Record(Type.String(), Type.Number({ minimum: -100, maximum: 100 })),
    'Makes single tokens more or less likely, by token id',
  ),
  logprobs: parameter('O8', Type.Boolean(), "Probabilities of the answer's tokens; shown by `details`"),
  max_completion_tokens: parameter(
    'O9',
    Type.Integer({ minimum: 1 }),
    'The newer name of max_tokens; replaces it',
  ),
  modalities: parameter(
    'O12',
    Type.Array(oneOf(['text', 'image', 'audio'])),
    'What an answer may consist of; pictures and sound are shown by `details`',
  ),
  moderation: parameter('O13', Moderation, 'Has input and answer judged; the result is shown by `details`'),
  parallel_tool_calls: parameter(
    'O15',
    Type.Boolean(),
    'Whether one turn may call several tools; sent only with tools',
  ),
  prediction: parameter('O16', Prediction, 'Text that much of the answer will repeat, to have it sooner'),
  presence_penalty: parameter('O17', penalty, 'Makes repeating any used word less likely'),
  prompt_cache_key: parameter('O18', Type.String(), 'Requests of one key find the same prompt cache'),
  prompt_cache_options: parameter('O19', PromptCacheOptions, 'How the prompt cache of GPT models is written'),
  prompt_cache_retention: parameter(
    'O20',
    oneOf(['in_memory', '24h']),
    'How long the prompt cache is kept (deprecated)',
  ),
  reasoning_effort: parameter('O21', ReasoningEffort, 'Short for reasoning.effort'),
  response_format: parameter(
    'O22',
    ResponseFormat,
    "The answer's form; Anthropic's word for a JSON schema is output_config.format",
  ),
  safety_identifier: parameter(
    'O23',
    Type.String({ maxLength: 128 }),
    'A stable, opaque mark of the end user, for abuse checks',
  ),
  seed: parameter('O24', Type.Integer(), 'Asks for the same answer to the same request, as far as possible'),
  store: parameter('O27', Type.Boolean(), 'Whether the provider may keep the answer'),
  stream_options: parameter(
    'O29',
    open({ include_usage: maybe(Type.Boolean()), include_obfuscation: maybe(Type.Boolean()) }),
    'Details of a stream; usage is always asked for',
  ),
  top_logprobs: parameter(
    'O33',
    Type.Integer({ minimum: 0, maximum: 20 }),
    'How many likely tokens to show at each place; needs logprobs',
  ),
  user: parameter('O35', Type.String(), "An opaque mark of the end user; Anthropic's is metadata.user_id"),
  verbosity: parameter(
    'O36',
    oneOf(['low', 'medium', 'high', 'xhigh', 'max']),
    'How much to say; for Claude the same as output_config.effort',
  ),
  web_search_options: parameter('O37', WebSearchOptions, "Settings of a model's own web search"),
} as const
