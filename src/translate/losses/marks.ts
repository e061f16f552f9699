import type { CacheControl } from '../../wire/anthropic/cache-control.ts'
import { takesCacheMarks } from '../cache-mark.ts'
import { decided, type Fate, firstOf, kept, spared, when } from './fates.ts'

/** A cache breakpoint where one can stand. */
export const mark: Fate = firstOf(
  when(
    (_, { target }) => !takesCacheMarks(target),
    spared('is not sent: this upstream has no cache breakpoints'),
  ),
  decided<CacheControl>(
    { type: kept, ttl: kept },
    { scope: spared('is not sent: OpenRouter has no cache scopes') },
  ),
)

/** A cache breakpoint where none can stand. */
export const misplacedMark = spared('is not sent: chat completions have no place for a breakpoint here')
