/** Everything that is wrong with what the user gave, all at once; nothing was started. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  /** One sentence each: which setting, which value, where it came from, what is allowed. Never a secret. */
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(problems.join('\n'))
    this.problems = problems
  }
}

/** Takes a problem down; the check that found it goes on. */
export type Report = (problem: string) => void

const LONGEST_QUOTE = 80
const MAY_BE_SECRET = /(?<![a-z])sk-|sk-or-|bearer\s|:\/\/[^/]*@/i

/** A value in quotes, cut to a readable length; one that may hold a key or password is not shown. */
export function quote(text: string): string {
  if (MAY_BE_SECRET.test(text)) return '(a value that may be secret)'
  return JSON.stringify(text.length > LONGEST_QUOTE ? `${text.slice(0, LONGEST_QUOTE)}…` : text)
}

/** `; did you mean x?` for the known word that was probably meant, else nothing. */
export function didYouMean(word: string, known: readonly string[]): string {
  const ranked = known
    .map((candidate) => ({ candidate, distance: editDistance(word.toLowerCase(), candidate) }))
    .toSorted((a, b) => a.distance - b.distance)
  const [nearest] = ranked
  const tolerance = Math.max(2, Math.floor(word.length / 4))
  return nearest && nearest.distance <= tolerance ? `; did you mean ${nearest.candidate}?` : ''
}

/** How many letters have to be added, dropped or replaced (Levenshtein). */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column)
  for (const letter of from) {
    const next = [(row[0] ?? 0) + 1]
    for (let column = 0; column < to.length; column++) {
      const replaced = (row[column] ?? 0) + (letter === to[column] ? 0 : 1)
      next.push(Math.min(replaced, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1))
    }
    row = next
  }
  return row.at(-1) ?? 0
}
