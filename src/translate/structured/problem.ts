/** One place in an answer that does not fit the schema. */
export interface Problem {
  /** A JSON pointer such as `/people/0/age`; empty for the answer as a whole. */
  readonly path: string
  /** What was wanted, and what is there. */
  readonly message: string
}

/** More than a model can mend at once, or a person wants to read. */
const MAX_PROBLEMS = 20

/** Adds to a list of problems, up to as many as anyone reads. */
export function addProblems(list: Problem[], more: readonly Problem[]): void {
  for (const problem of more) if (list.length < MAX_PROBLEMS) list.push(problem)
}
