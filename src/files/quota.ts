import { quotaExceeded } from './failures.ts'

/** How much each owner may still store. Bytes that are on their way in count like those that are there. */
export interface Quota {
  /** Takes room for bytes that have come. Throws a `Failure` where there is none. */
  take(owner: string, bytes: number): void
  /** Ends an upload that took that much, whether its bytes are stored by now or gone. */
  giveBack(owner: string, bytes: number): void
  /** Stored files have gone: what each owner has is looked up again. */
  refresh(): void
}

/** Every owner may have that many bytes; `storedBytes` tells what an owner has stored. */
export function createQuota(quotaBytes: number, storedBytes: (owner: string) => number): Quota {
  const stored = new Map<string, number>()
  const arriving = new Map<string, number>()

  const storedBy = (owner: string): number => {
    const known = stored.get(owner) ?? storedBytes(owner)
    stored.set(owner, known)
    return known
  }
  const arrivingOf = (owner: string): number => arriving.get(owner) ?? 0

  return {
    take(owner, bytes) {
      const wanted = arrivingOf(owner) + bytes
      if (storedBy(owner) + wanted > quotaBytes) throw quotaExceeded(quotaBytes)
      arriving.set(owner, wanted)
    },
    giveBack(owner, bytes) {
      const left = arrivingOf(owner) - bytes
      if (left > 0) arriving.set(owner, left)
      else arriving.delete(owner)
      stored.delete(owner)
    },
    refresh: () => stored.clear(),
  }
}
