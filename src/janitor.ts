import type { Logger } from './core/context.ts'

/** Work that has to be done from time to time, by name. */
export type Chores = Readonly<Record<string, () => Promise<unknown>>>

const EVERY_MS = 10 * 60_000

/**
 * Does all chores at once, and again and again until the returned function is called. One that fails is logged and
 * tried again the next time. Keeps no process alive.
 */
export function startJanitor(chores: Chores, log: Logger, everyMs = EVERY_MS): () => void {
  /** A round that takes long is not overtaken by the next one. */
  let busy = false
  const doRound = async (): Promise<void> => {
    if (busy) return
    busy = true
    for (const [name, chore] of Object.entries(chores))
      await chore().catch((error) => log.warn('cleanup-failed', { name, error }))
    busy = false
  }
  void doRound()
  const timer = setInterval(() => void doRound(), everyMs).unref()
  return () => clearInterval(timer)
}
