/** Time as the rest of the program sees it, so that tests can move it by hand. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
  /**
   * Calls `tick` about every 250 ms until the returned function is called. One shared timer serves all watchers,
   * so that a thousand open streams cost one timer and not a thousand.
   */
  watch(tick: (nowMs: number) => void): () => void
}
