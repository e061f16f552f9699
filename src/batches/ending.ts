import { Failure, type FailureKind } from '../core/errors.ts'
import type { MessageBatchResult } from '../wire/anthropic/batches.ts'
import type { RemoteCall } from './remote/call.ts'

/** What became of one call. */
export type Ending =
  | { readonly type: 'finished'; readonly result: MessageBatchResult }
  /** It was cut off, or the upstream had no room: the request waits for another turn. */
  | { readonly type: 'again' }
  /** Its call is to be handed over: it goes on when that was answered. */
  | { readonly type: 'deferred'; readonly call: RemoteCall }
  /** It failed in a way that may pass. */
  | { readonly type: 'later' }

export const finished = (result: MessageBatchResult): Ending => ({ type: 'finished', result })

/** What is said where there is no room, whatever is asked: by an upstream, or by the limits of a key. */
const NO_ROOM: ReadonlySet<FailureKind> = new Set(['rate_limit_error', 'overloaded_error'])

export const isNoRoom = (error: unknown): error is Failure =>
  error instanceof Failure && error.retryable && NO_ROOM.has(error.kind)

/** Whether one request, tried again, may fare better. */
export const mayPass = (error: unknown): boolean => error instanceof Failure && error.retryable
