import { type Static, Type } from '@sinclair/typebox'

import { maybe, oneOf, open } from '../schema.ts'

/** How much a model may think, from nothing to everything. */
export const ReasoningEffort = oneOf(['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'])

/** How a model thinks (openrouter §2.5): by effort or by a budget of tokens, never both. */
export const ReasoningOptions = open({
  effort: maybe(ReasoningEffort),
  summary: maybe(oneOf(['auto', 'concise', 'detailed'])),
  max_tokens: maybe(Type.Integer({ minimum: 0 })),
  exclude: maybe(Type.Boolean()),
  enabled: maybe(Type.Boolean()),
  context: maybe(oneOf(['auto', 'all_turns', 'current_turn'])),
  mode: maybe(oneOf(['standard', 'pro'])),
})
export type ReasoningOptions = Static<typeof ReasoningOptions>
