/** Room for so many at a time; who comes later waits, in the order of coming. */
export interface Places {
  readonly limit: number
  /** Resolves to what gives the place back. Rejects with the signal's reason. */
  enter(signal: AbortSignal): Promise<() => void>
}

export function createPlaces(limit: number): Places {
  let taken = 0
  const waiting = new Set<() => void>()
  const leave = (): void => {
    const [next] = waiting
    if (next) next()
    else taken--
  }
  return {
    limit,
    async enter(signal) {
      signal.throwIfAborted()
      if (taken < limit) {
        taken++
        return once(leave)
      }
      const { promise, resolve, reject } = Promise.withResolvers<() => void>()
      const stop = (): void => {
        waiting.delete(take)
        reject(signal.reason as Error)
      }
      const take = (): void => {
        waiting.delete(take)
        signal.removeEventListener('abort', stop)
        resolve(once(leave))
      }
      waiting.add(take)
      signal.addEventListener('abort', stop, { once: true })
      return promise
    },
  }
}

function once(run: () => void): () => void {
  let done = false
  return () => {
    if (!done) run()
    done = true
  }
}
