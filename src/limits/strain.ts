export interface StrainLimits {
  /** How late timers may be, on average; the server does nothing else well then. */
  readonly maxLagMs: number
  readonly maxMemoryBytes: number
}

/** How hard the process has to work. */
export interface Strain {
  /** Why no more can be taken on at present; undefined when all is well. */
  reason(): string | undefined
  /** How late timers are at present, on average. */
  readonly lagMs: number
  readonly memoryBytes: number
  configure(limits: StrainLimits): void
  stop(): void
}

const SAMPLE_EVERY_MS = 100
const MEMORY_EVERY = 10
/** How much a new sample counts: a single pause is no strain, half a second of them is. */
const WEIGHT = 0.3

/** Watches the event loop and the memory. Its one timer keeps no process alive. */
export function watchStrain(
  start: StrainLimits,
  memory: () => number = () => process.memoryUsage.rss(),
  nowMs: () => number = () => performance.now(),
): Strain & { readonly sample: () => void } {
  let limits = start
  let lagMs = 0
  let memoryBytes = memory()
  let samples = 0
  let expectedAtMs = nowMs() + SAMPLE_EVERY_MS

  const sample = (): void => {
    const atMs = nowMs()
    lagMs += WEIGHT * (Math.max(0, atMs - expectedAtMs) - lagMs)
    expectedAtMs = atMs + SAMPLE_EVERY_MS
    samples++
    if (samples % MEMORY_EVERY === 0) memoryBytes = memory()
  }
  const timer = setInterval(sample, SAMPLE_EVERY_MS).unref()

  return {
    reason() {
      if (lagMs > limits.maxLagMs) return 'the server cannot keep up'
      return memoryBytes > limits.maxMemoryBytes ? 'the server is short of memory' : undefined
    },
    get lagMs() {
      return lagMs
    },
    get memoryBytes() {
      return memoryBytes
    },
    configure(next) {
      limits = next
    },
    stop: () => clearInterval(timer),
    sample,
  }
}
