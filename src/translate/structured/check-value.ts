import { isSchema, resolvePointer, type Schema } from '../subschemas.ts'
import { FITS, type Keyword, type Run } from './keyword.ts'
import { NESTED_KEYWORDS } from './nested-keywords.ts'
import { compilePattern, type Matcher } from './pattern.ts'
import { addProblems, type Problem } from './problem.ts'
import { VALUE_KEYWORDS } from './value-keywords.ts'

export interface Verdict {
  /** At most 20 of them; none for a value that fits. */
  readonly problems: readonly Problem[]
  /** False where the check was given up, because it would have taken too long; then no problem is told. */
  readonly complete: boolean
}

/** A third of a second or less; honest schemas and answers need a hundredth of it. */
const MAX_STEPS = 400_000

const KEYWORDS: ReadonlyMap<string, Keyword> = new Map([...VALUE_KEYWORDS, ...NESTED_KEYWORDS])

/**
 * Checks a JSON value against a JSON schema that anyone may have written. Draft 2020-12 and what draft 7 wrote
 * differently; `unevaluated…`, `$dynamicRef`, references to other documents and patterns that are not regular ask for
 * nothing. Neither patterns nor schemas that double at each reference can hold it up: it works `maxSteps` and no more.
 * References point into `root`, of which the schema may be a part.
 */
export function checkValue(value: unknown, schema: unknown, maxSteps = MAX_STEPS, root = schema): Verdict {
  const run = startRun(isSchema(root) ? root : {}, maxSteps)
  try {
    return { problems: run.check(value, schema, ''), complete: true }
  } catch (error) {
    // Out of steps, or nested deeper than the stack.
    if (error instanceof RangeError) return { problems: [], complete: false }
    throw error
  }
}

function startRun(root: Schema, maxSteps: number): Run {
  const matchers = new Map<string, Matcher | undefined>()
  let steps = maxSteps
  const run: Run = {
    check: (value, schema, path) => {
      run.spend(1)
      if (schema === false) return [{ path, message: 'is not allowed' }]
      return isSchema(schema) ? checkKeywords(value, schema, path, run) : FITS
    },
    resolve: (reference) => resolvePointer(root, localPart(reference, root)),
    matches(pattern, text) {
      if (!matchers.has(pattern)) matchers.set(pattern, compilePattern(pattern, run.spend))
      return matchers.get(pattern)?.(text) ?? true
    },
    spend(count) {
      steps -= count
      if (steps < 0) throw new RangeError('out of steps')
    },
  }
  return run
}

function checkKeywords(value: unknown, schema: Schema, path: string, run: Run): readonly Problem[] {
  const problems: Problem[] = []
  for (const name in schema) {
    const keyword = KEYWORDS.get(name)
    run.spend(keyword ? 1 + width(schema[name]) : 1)
    if (keyword) addProblems(problems, keyword(value, schema[name], { schema, path, run }))
  }
  return problems
}

const width = (rule: unknown): number =>
  typeof rule === 'object' && rule !== null ? Object.keys(rule).length : 0

/** References may name the document that they stand in. */
function localPart(reference: string, { $id }: Schema): string {
  const id = typeof $id === 'string' ? $id.replace(/#$/, '') : undefined
  return id !== undefined && reference.startsWith(id) ? reference.slice(id.length) || '#' : reference
}
