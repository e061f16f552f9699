const SLOTS = 10

interface Slot {
  index: number
  good: number
  bad: number
}

/** Counts of the recent past, in slots, so that counting costs the same however much happens. */
export interface Window {
  add(kind: 'good' | 'bad', nowMs: number): void
  sums(nowMs: number): { readonly good: number; readonly bad: number }
  clear(): void
}

export function createWindow(lengthMs: number): Window {
  const slotMs = lengthMs / SLOTS
  let slots: Slot[] = []
  const indexOf = (nowMs: number): number => Math.floor(nowMs / slotMs)
  return {
    add(kind, nowMs) {
      const index = indexOf(nowMs)
      let slot = slots.at(-1)
      if (slot?.index !== index) {
        slot = { index, good: 0, bad: 0 }
        slots.push(slot)
        if (slots.length > SLOTS) slots.shift()
      }
      slot[kind]++
    },
    sums(nowMs) {
      const oldest = indexOf(nowMs) - SLOTS
      let good = 0
      let bad = 0
      for (const slot of slots) {
        if (slot.index <= oldest) continue
        good += slot.good
        bad += slot.bad
      }
      return { good, bad }
    },
    clear() {
      slots = []
    },
  }
}
