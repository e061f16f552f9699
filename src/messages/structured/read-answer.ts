import { jsonrepair } from 'jsonrepair'

import { coerce } from '../../translate/repair/coerce.ts'
import { checkValue, type Verdict } from '../../translate/structured/check-value.ts'
import { findJsonSpans } from '../../translate/structured/json-spans.ts'
import type { Problem } from '../../translate/structured/problem.ts'
import type { Schema } from '../../translate/subschemas.ts'

/** What an answer turned out to be. */
export type Reading =
  | {
      readonly fits: true
      /** The JSON text: the model's own where that was right. */
      readonly text: string
      /** False where the schema was too laborious to be checked in full. */
      readonly checked: boolean
    }
  | { readonly fits: false; readonly problems: readonly Problem[] }

/** All that is asked of an answer without a schema. */
const ANY_JSON: Schema = { type: ['object', 'array'] }

/**
 * Reads the JSON value out of an answer: as it stands; else without the fences and the prose around it; else with its
 * syntax repaired; and each of these with values coerced. The first that fits the schema counts. The problems that are
 * told are those of the first that is JSON at all.
 */
export function readAnswer(answer: string, schema: Schema = ANY_JSON): Reading {
  let problems: readonly Problem[] | undefined
  for (const text of candidatesOf(answer)) {
    const parsed = parse(text)
    if (!parsed) continue
    const verdict = checkValue(parsed.value, schema)
    if (verdict.problems.length === 0) return fitting(text, verdict)
    const { value } = coerce(parsed.value, schema, schema, text)
    const coerced = checkValue(value, schema)
    if (coerced.problems.length === 0) return fitting(JSON.stringify(value), coerced)
    problems ??= verdict.problems
  }
  return { fits: false, problems: problems ?? [{ path: '', message: 'is not valid JSON' }] }
}

const fitting = (text: string, { complete }: Verdict): Reading => ({ fits: true, text, checked: complete })

/** Repairs are made only when they are needed: they cost time, and guess. */
function* candidatesOf(answer: string): Generator<string> {
  yield answer
  const spans = findJsonSpans(answer)
  yield* spans
  const [likeliest] = spans
  if (likeliest === undefined) return
  const repaired = repair(likeliest)
  if (repaired !== undefined) yield repaired
}

function repair(text: string): string | undefined {
  try {
    return jsonrepair(text)
  } catch {
    return undefined
  }
}

function parse(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) }
  } catch {
    return undefined
  }
}
