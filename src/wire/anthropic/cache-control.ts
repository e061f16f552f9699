import { type Static, Type } from '@sinclair/typebox'

import { oneOf, open } from '../schema.ts'

/** Marks where a prompt may be cached (Anthropic API, 2.3). */
export const CacheControl = open({
  type: Type.Literal('ephemeral'),
  ttl: Type.Optional(oneOf(['5m', '1h'])),
})
export type CacheControl = Static<typeof CacheControl>
