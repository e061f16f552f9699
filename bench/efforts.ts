/** How long a run measures; everything else is the same. */
export interface Effort {
  readonly rounds: Readonly<Record<'a' | 'b1' | 'b2' | 'c', number>>
  /** As `busyMs`, once before the rounds of a scenario, both sides at the same time. */
  readonly warmUpMs: number
  /** How long the closed-loop scenarios (a, b2, c) keep a side busy per round. */
  readonly busyMs: number
  /** Streams per side and round of b1; 64 are open at a time. */
  readonly loneStreams: number
  /** Requests, one after the other, that latencies are read from. */
  readonly calmRequests: number
  readonly memoryRounds: number
  readonly trendRequests: number
  readonly starts: number
}

const full: Effort = {
  rounds: { a: 7, b1: 5, b2: 7, c: 5 },
  // Bun's compiler needs some ten thousand requests before the figures stand still.
  warmUpMs: 15_000,
  busyMs: 1500,
  loneStreams: 128,
  calmRequests: 300,
  memoryRounds: 2,
  trendRequests: 30_000,
  starts: 10,
}

export const EFFORTS = {
  full,
  /** Good for seeing a big change, not for a figure to write down. */
  quick: {
    rounds: { a: 3, b1: 2, b2: 3, c: 3 },
    warmUpMs: 1200,
    busyMs: 400,
    loneStreams: 64,
    calmRequests: 50,
    memoryRounds: 1,
    trendRequests: 6_000,
    starts: 3,
  },
  long: { ...full, trendRequests: 100_000 },
} as const satisfies Record<string, Effort>
