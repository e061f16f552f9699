import { type Static, Type } from '@sinclair/typebox'

import { maybe, oneOf, open } from '../schema.ts'

const slugs = maybe(Type.Array(Type.String()))

/** USD; typed as text by OpenRouter, shown as a number in its guides. */
const price = maybe(Type.Union([Type.Number({ minimum: 0 }), Type.String({ pattern: '^\\d+(\\.\\d+)?$' })]))

const measure = Type.Number({ minimum: 0 })

/** One figure for the median, or one for each percentile that matters. */
const percentiles = maybe(
  Type.Union([
    measure,
    open({ p50: maybe(measure), p75: maybe(measure), p90: maybe(measure), p99: maybe(measure) }),
  ]),
)

const Sort = oneOf(['price', 'throughput', 'latency', 'exacto'])

const QUANTIZATIONS = [
  'int4',
  'int8',
  'fp4',
  'mxfp4',
  'nvfp4',
  'fp6',
  'fp8',
  'mxfp8',
  'fp16',
  'bf16',
  'fp32',
  'unknown',
] as const

/** Which providers may answer, and in which order OpenRouter asks them (openrouter §2.3). */
export const ProviderPreferences = open({
  order: slugs,
  only: slugs,
  ignore: slugs,
  allow_fallbacks: maybe(Type.Boolean()),
  require_parameters: maybe(Type.Boolean()),
  data_collection: maybe(oneOf(['allow', 'deny'])),
  zdr: maybe(Type.Boolean()),
  enforce_distillable_text: maybe(Type.Boolean()),
  quantizations: maybe(Type.Array(oneOf(QUANTIZATIONS))),
  sort: maybe(Type.Union([Sort, open({ by: maybe(Sort), partition: maybe(oneOf(['model', 'none'])) })])),
  max_price: maybe(open({ prompt: price, completion: price, image: price, audio: price, request: price })),
  preferred_min_throughput: percentiles,
  preferred_max_latency: percentiles,
})
export type ProviderPreferences = Static<typeof ProviderPreferences>
