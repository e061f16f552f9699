/** One line of the report. */
export interface Figure {
  readonly scenario: string
  readonly name: string
  readonly unit: string
  readonly floor?: number
  readonly server: number
  /** Server to floor, per round: the median, the least and the greatest. */
  readonly ratio?: { readonly median: number; readonly min: number; readonly max: number }
  /** What we want: at most `limit`, of the ratio or of the server's own value. */
  readonly goal?: { readonly of: 'ratio' | 'server'; readonly limit: number }
}

/** The middle value; of an even count the mean of the two middle ones; of none 0. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other)
  const upper = sorted[Math.floor(sorted.length / 2)] ?? 0
  const lower = sorted[Math.floor((sorted.length - 1) / 2)] ?? 0
  return (upper + lower) / 2
}

/** The values that a quarter, a half and three quarters of all lie below. */
export function quartiles(values: readonly number[]): [number, number, number] {
  const sorted = values.toSorted((one, other) => one - other)
  const at = (share: number): number => {
    const place = (sorted.length - 1) * share
    const below = sorted[Math.floor(place)] ?? 0
    return below + ((sorted[Math.ceil(place)] ?? below) - below) * (place % 1)
  }
  return [at(0.25), at(0.5), at(0.75)]
}

/** The ratios of values measured in the same rounds. */
export function ratioOf(server: readonly number[], floor: readonly number[]): NonNullable<Figure['ratio']> {
  const ratios = server.map((value, round) => value / (floor[round] ?? Number.NaN))
  return { median: median(ratios), min: Math.min(...ratios), max: Math.max(...ratios) }
}

/** The least-squares slope of y over x. */
export function slope(points: ReadonlyArray<{ readonly x: number; readonly y: number }>): number {
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / values.length
  const meanX = mean(points.map(({ x }) => x))
  const meanY = mean(points.map(({ y }) => y))
  const along = points.reduce((sum, { x, y }) => sum + (x - meanX) * (y - meanY), 0)
  return along / points.reduce((sum, { x }) => sum + (x - meanX) ** 2, 0)
}
