/** How far real bills lie from our estimates: an average that newer bills outweigh. */
export interface LearnedFactor {
  readonly value: number
  readonly samples: number
}

/** Before the first bill: the estimate is taken as it is. */
export const UNLEARNED: LearnedFactor = { value: 1, samples: 0 }

/** Ratios outside this band come from a broken bill or a prompt changed on its way, not from a tokenizer. */
export const MIN_RATIO = 0.2
export const MAX_RATIO = 5

/** The weight of a new bill once there were many, so that an average follows a model that changes. */
const MIN_WEIGHT = 0.1

/** The factor after one more bill of `ratio` = real / estimated. Never leaves the band of believable ratios. */
export function learnRatio(factor: LearnedFactor, ratio: number): LearnedFactor {
  if (!(ratio >= MIN_RATIO && ratio <= MAX_RATIO)) return factor
  // The default counts as one sample too.
  const weight = Math.max(MIN_WEIGHT, 1 / (factor.samples + 2))
  return { value: factor.value + weight * (ratio - factor.value), samples: factor.samples + 1 }
}
