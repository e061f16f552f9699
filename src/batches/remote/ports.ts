/** Calls of one batch for one model that are handed over together. */
export interface CallGroup {
  readonly batch: number
  readonly upstream: string
  readonly model: string
  readonly calls: ReadonlyArray<{ readonly item: number; readonly body: string }>
}

/** A batch at the upstream. */
export interface Errand {
  readonly seq: number
  readonly upstream: string
  /** The upstream's name for it. */
  readonly remoteId: string
  readonly sentAtMs: number
  /** Whether the batch that it belongs to still wants answers. */
  readonly isWanted: boolean
}

/** Where calls wait that are, or are to be, handed over. Every method is one change or none. */
export interface RemoteStore {
  /** The next calls that are ready to be handed over, within bounds; undefined while there are none. */
  nextGroup(nowMs: number): Promise<CallGroup | undefined>
  /** Notes that they were handed over. */
  sent(group: CallGroup, remoteId: string, nowMs: number): Promise<void>
  /** Lets them be made as always. */
  refused(group: CallGroup): Promise<void>
  /** What may be asked for by now. */
  due(nowMs: number): Promise<readonly Errand[]>
  askAgain(errand: number, atMs: number): Promise<void>
  /** Ends one: its calls go on with the completions, by their item; resolves to the batch that has work again. */
  settle(errand: number, completions: ReadonlyMap<number, string>): Promise<number | undefined>
}

/** What the upstream says of a batch of its own. */
export type RemoteState =
  | { readonly type: 'running' }
  /** It has ended, well or not; completions by the id that was given to the call. */
  | { readonly type: 'ended'; readonly completions: ReadonlyMap<string, string> }
  | { readonly type: 'missing' }

/** An upstream's own batch endpoint. All throw a `Failure`. */
export interface RemoteEndpoint {
  /** Hands calls over; resolves to the upstream's name for them. */
  submit(model: string, calls: ReadonlyArray<{ readonly id: string; readonly body: string }>): Promise<string>
  read(remoteId: string): Promise<RemoteState>
  cancel(remoteId: string): Promise<void>
}
