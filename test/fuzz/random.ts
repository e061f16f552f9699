/** Chance that can be had again: the same seed and case make the same draws, whatever else runs meanwhile. */
export interface Random {
  /** 0 … 1, without 1. */
  readonly fraction: () => number
  /** A whole number from 0, less than `end`. */
  readonly below: (end: number) => number
  /** True about that often. */
  readonly chance: (probability: number) => boolean
  readonly pick: <Item>(items: readonly Item[]) => Item
  /** `count` draws. */
  readonly times: <Item>(count: number, draw: () => Item) => readonly Item[]
  readonly shuffle: <Item>(items: readonly Item[]) => readonly Item[]
}

/** The draws of one case. */
export function randomOf(seed: number, index: number): Random {
  let state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(index + 1, 0xc2b2ae35)
  /** Splitmix32. */
  const fraction = (): number => {
    state = (state + 0x9e3779b9) | 0
    let mixed = state ^ (state >>> 16)
    mixed = Math.imul(mixed, 0x21f0aaad)
    mixed ^= mixed >>> 15
    mixed = Math.imul(mixed, 0x735a2d97)
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32
  }
  const below = (end: number): number => Math.floor(fraction() * end)
  const pick = <Item>(items: readonly Item[]): Item => {
    if (items.length === 0) throw new Error('nothing to pick from')
    return items[below(items.length)] as Item
  }
  const times = <Item>(count: number, draw: () => Item): readonly Item[] =>
    Array.from({ length: count }, () => draw())
  return {
    fraction,
    below,
    chance: (probability) => fraction() < probability,
    pick,
    times,
    shuffle: (items) =>
      items
        .map((item) => [fraction(), item] as const)
        .toSorted(([a], [b]) => a - b)
        .map(([, item]) => item),
  }
}
