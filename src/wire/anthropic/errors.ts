import { type Static, Type } from '@sinclair/typebox'

import { nullable, open } from '../schema.ts'

/** The envelope of every error, whatever its status. */
export const ErrorResponse = open(
  {
    type: Type.Literal('error'),
    error: open({
      type: Type.String({ description: 'invalid_request_error, not_found_error, overloaded_error …' }),
      message: Type.String(),
      details: Type.Optional(nullable(open({ error_code: Type.Optional(Type.String()) }))),
    }),
    request_id: nullable(Type.String()),
  },
  { $id: 'ErrorResponse' },
)
export type ErrorResponse = Static<typeof ErrorResponse>
