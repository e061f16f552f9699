import type { ModelRecord } from '../../wire/openrouter/models.ts'

/** USD per token. */
export interface Price {
  readonly prompt: number
  readonly completion: number
  readonly cacheRead: number
  readonly cacheWrite: number
}

/** id, name, context length, longest answer, USD per million prompt and completion tokens, released (seconds). */
type Row = readonly [string, string, number, number, number, number, number]

/** Demo data: plausible figures of well-known ids, not a statement about the real models. */
const ROWS: readonly Row[] = [
  ['anthropic/claude-sonnet-4', 'Claude Sonnet 4', 1_000_000, 64_000, 3, 15, 1_747_930_371],
  ['anthropic/claude-3.7-sonnet', 'Claude 3.7 Sonnet', 200_000, 64_000, 3, 15, 1_740_422_110],
  ['anthropic/claude-opus-5.5', 'Claude Opus 5.5', 1_000_000, 128_000, 5, 25, 1_790_000_000],
  ['anthropic/claude-sonnet-5.5', 'Claude Sonnet 5.5', 1_000_000, 128_000, 3, 15, 1_790_000_000],
  ['anthropic/claude-haiku-5.5', 'Claude Haiku 5.5', 200_000, 64_000, 1, 5, 1_790_000_000],
  ['openai/gpt-5.5', 'GPT-5.5', 400_000, 128_000, 2.5, 15, 1_776_900_000],
  ['openai/gpt-5.4-mini', 'GPT-5.4 Mini', 400_000, 128_000, 0.25, 2, 1_773_700_000],
  ['google/gemini-3-pro-preview', 'Gemini 3 Pro Preview', 1_048_576, 65_536, 2, 12, 1_763_474_668],
  ['google/gemini-2.5-flash', 'Gemini 2.5 Flash', 1_048_576, 65_535, 0.3, 2.5, 1_750_172_488],
  ['deepseek/deepseek-v3.2', 'DeepSeek V3.2', 163_840, 65_536, 0.26, 0.4, 1_764_594_642],
  ['deepseek/deepseek-r1', 'DeepSeek R1', 163_840, 32_768, 0.7, 2.5, 1_737_381_095],
]

/** What sets the models of one vendor apart in the list. */
interface VendorTraits {
  readonly inputs: readonly string[]
  readonly efforts: readonly string[] | null
  readonly takesBudget: boolean
  readonly samples: readonly string[]
}

const ALL_SUPPORT = [
  'max_tokens',
  'stop',
  'tools',
  'tool_choice',
  'response_format',
  'structured_outputs',
  'reasoning',
  'include_reasoning',
]
const SAMPLING = ['temperature', 'top_p', 'top_k']
const EFFORTS = ['high', 'medium', 'low']
const OTHERS: VendorTraits = { inputs: ['text'], efforts: null, takesBudget: false, samples: SAMPLING }
const VENDORS: Readonly<Record<string, VendorTraits>> = {
  anthropic: { inputs: ['text', 'image', 'file'], efforts: EFFORTS, takesBudget: true, samples: SAMPLING },
  openai: {
    inputs: ['text', 'image', 'file'],
    efforts: ['xhigh', ...EFFORTS, 'minimal', 'none'],
    takesBudget: false,
    samples: ['seed'],
  },
  google: {
    inputs: ['text', 'image', 'file', 'audio', 'video'],
    efforts: EFFORTS,
    takesBudget: true,
    samples: [...SAMPLING, 'seed'],
  },
}

/** `vendor` of `vendor/model:variant`. */
export const vendorOf = (model: string): string => model.split('/', 1)[0] ?? ''

const traitsOf = (model: string): VendorTraits => VENDORS[vendorOf(model)] ?? OTHERS

/** Prices travel as decimal strings, never in exponent form. */
const perToken = (usdPerMillion: number): string => (usdPerMillion / 1e6).toFixed(12).replace(/\.?0+$/, '')

const toRecord = ([id, name, context, answer, prompt, completion, created]: Row) => ({
  id,
  canonical_slug: id,
  name: `${name} (demo)`,
  created,
  description: 'Demo data of the built-in demo upstream, not a statement about the real model.',
  context_length: context,
  architecture: {
    modality: `${traitsOf(id).inputs.join('+')}->text`,
    input_modalities: traitsOf(id).inputs,
    output_modalities: ['text'],
    tokenizer: 'Other',
    instruct_type: null,
  },
  pricing: {
    prompt: perToken(prompt),
    completion: perToken(completion),
    request: '0',
    image: '0',
    web_search: '0',
    internal_reasoning: '0',
    input_cache_read: perToken(prompt * 0.1),
    input_cache_write: perToken(prompt * 1.25),
  },
  top_provider: { context_length: context, max_completion_tokens: answer, is_moderated: false },
  per_request_limits: null,
  supported_parameters: [...ALL_SUPPORT, ...traitsOf(id).samples],
  default_parameters: {},
  expiration_date: null,
  reasoning: {
    supported_efforts: traitsOf(id).efforts,
    default_effort: traitsOf(id).efforts === null ? null : 'medium',
    default_enabled: false,
    supports_max_tokens: traitsOf(id).takesBudget,
    mandatory: false,
  },
})

/** The records of GET /models, shaped as OpenRouter's (openrouter §1.1). */
export const MODELS = ROWS.map(toRecord) satisfies readonly ModelRecord[]

/** What a model that is not in the list costs. */
const USUAL_PRICE: Price = { prompt: 1e-6, completion: 5e-6, cacheRead: 1e-7, cacheWrite: 1.25e-6 }
const NOTHING: Price = { prompt: 0, completion: 0, cacheRead: 0, cacheWrite: 0 }

/** The demo price of a model id, with or without a variant; `:free` costs nothing. */
export const priceOf = (model: string): Price => {
  const [id, variant] = model.split(':')
  if (variant === 'free') return NOTHING
  const pricing = MODELS.find((record) => record.id === id)?.pricing
  if (!pricing) return USUAL_PRICE
  return {
    prompt: Number(pricing.prompt),
    completion: Number(pricing.completion),
    cacheRead: Number(pricing.input_cache_read),
    cacheWrite: Number(pricing.input_cache_write),
  }
}
