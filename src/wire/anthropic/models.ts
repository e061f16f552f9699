import { type Static, Type } from '@sinclair/typebox'

import { nullable, oneOf, open } from '../schema.ts'

const supported = open({ supported: Type.Boolean() })

/** All keys are always there: SDKs that check types insist on it (Anthropic API, §1.3). */
const ModelCapabilities = open({
  batch: supported,
  citations: supported,
  code_execution: supported,
  context_management: open({
    supported: Type.Boolean(),
    clear_thinking_20251015: supported,
    clear_tool_uses_20250919: supported,
    compact_20260112: supported,
  }),
  effort: open({
    supported: Type.Boolean(),
    low: supported,
    medium: supported,
    high: supported,
    xhigh: supported,
    max: supported,
  }),
  image_input: supported,
  pdf_input: supported,
  server_tools: open({ supported: Type.Boolean(), code_execution: supported, web_search: supported }),
  structured_outputs: supported,
  thinking: open({
    supported: Type.Boolean(),
    types: open({ adaptive: supported, between_tools: supported, disabled: supported, enabled: supported }),
  }),
})
export type ModelCapabilities = Static<typeof ModelCapabilities>

export const ModelInfo = open(
  {
    type: Type.Literal('model'),
    id: Type.String(),
    display_name: Type.String(),
    created_at: Type.String({ description: 'RFC 3339; the epoch where unknown' }),
    max_input_tokens: nullable(Type.Integer()),
    max_tokens: nullable(Type.Integer()),
    capabilities: nullable(ModelCapabilities),
    lifecycle: oneOf(['active', 'deprecated', 'retired']),
    deprecated_at: nullable(Type.String()),
    retires_at: nullable(Type.String()),
    line: nullable(Type.String()),
  },
  { $id: 'ModelInfo' },
)
export type ModelInfo = Static<typeof ModelInfo>

export const ModelList = open(
  {
    data: Type.Array(ModelInfo),
    has_more: Type.Boolean(),
    first_id: nullable(Type.String()),
    last_id: nullable(Type.String()),
  },
  { $id: 'ModelList' },
)
export type ModelList = Static<typeof ModelList>
