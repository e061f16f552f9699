import { type Static, Type } from '@sinclair/typebox'

import { nullable, oneOf, open } from '../schema.ts'

const supported = open({ supported: Type.Boolean() })

export const ModelInfo = open(
  {
    type: Type.Literal('model'),
    id: Type.String(),
    display_name: Type.String(),
    created_at: Type.String({ description: 'RFC 3339; the epoch where unknown' }),
    max_input_tokens: nullable(Type.Integer()),
    max_tokens: nullable(Type.Integer()),
    capabilities: nullable(
      open({
        image_input: supported,
        pdf_input: supported,
        structured_outputs: supported,
        thinking: supported,
      }),
    ),
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
