import { Type } from '@sinclair/typebox'

import { optional } from './parameters.ts'

/** The parameters of one replacement. */
export const replacementFields = {
  old_string: Type.String({ description: 'The text to replace' }),
  new_string: Type.String({ description: 'What to put in its place; must be something else' }),
  replace_all: optional(Type.Boolean({ description: 'Replace it wherever it is; false by default' })),
  expected_replacements: optional(
    Type.Integer({ minimum: 1, description: 'How often it must be there; then all of them are replaced' }),
  ),
}
