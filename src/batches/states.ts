/**
 * What a batch can be, and what can become of it. `creating` and `removing` are never shown: the first is not all
 * there yet, the second not all gone.
 */
const BATCH_MOVES = {
  creating: ['in_progress', 'removing'],
  in_progress: ['canceling', 'ended'],
  canceling: ['ended'],
  ended: ['removing'],
  removing: [],
} as const satisfies Readonly<Record<string, readonly string[]>>
export type BatchState = keyof typeof BATCH_MOVES

/**
 * What one request of a batch can be, and what can become of it. A `running` one is pending again after a crash; a
 * `waiting` one has its call at the upstream's own batch endpoint, or on the way there.
 */
const ITEM_MOVES = {
  pending: ['running', 'canceled', 'expired'],
  running: ['pending', 'waiting', 'succeeded', 'errored', 'canceled', 'expired'],
  waiting: ['pending', 'canceled', 'expired'],
  succeeded: [],
  errored: [],
  canceled: [],
  expired: [],
} as const satisfies Readonly<Record<string, readonly string[]>>
export type ItemState = keyof typeof ITEM_MOVES

/** The ends of an item; each has a counter of its own. */
export const OUTCOMES = ['succeeded', 'errored', 'canceled', 'expired'] as const
export type Outcome = (typeof OUTCOMES)[number]

const sourcesOf = <State extends string>(
  moves: Readonly<Record<State, readonly string[]>>,
  to: State,
): readonly State[] =>
  (Object.entries(moves) as Array<[State, readonly string[]]>)
    .filter(([, targets]) => targets.includes(to))
    .map(([from]) => from)

/** The states that a batch may be in when it becomes `to`. */
export const batchSourcesOf = (to: BatchState): readonly BatchState[] => sourcesOf(BATCH_MOVES, to)

/** The states that an item may be in when it becomes `to`. */
export const itemSourcesOf = (to: ItemState): readonly ItemState[] => sourcesOf(ITEM_MOVES, to)
