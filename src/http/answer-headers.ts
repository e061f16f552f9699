import type { RequestTrace } from '../observability/trace.ts'
import type { Headers } from './respond.ts'
import { toWarningHeader } from './warnings.ts'

/** Headers that show one of the trace's notes. */
const NOTED = {
  'x-openrouter-model': {
    note: 'upstream_model',
    description: 'The model that answers, by its upstream name',
  },
  'x-openrouter-provider': { note: 'provider', description: 'Who runs that model' },
  'x-openrouter-cost': { note: 'cost_usd', description: 'What the answer has cost, in USD' },
  'x-openrouter-cost-estimated': {
    note: 'cost_estimated',
    description: '`true` where the cost is reckoned by the list of models, as the upstream did not tell',
  },
  'x-cache': { note: 'cache', description: '`hit`, `shared` or `miss`, where answers are remembered' },
  'x-cache-saved-cost': { note: 'cache_saved_usd', description: 'What another call would have cost, in USD' },
  age: { note: 'cache_age_s', description: 'Seconds since a remembered answer was made' },
  'x-generation-id': { note: 'generation_id', description: "The upstream's id of the answer" },
  'x-rescued-by': {
    note: 'rescued_by',
    description:
      'The model that went on with an answer that had broken off. Where that happens in a stream that has begun, a ' +
      'comment line of the stream says it instead',
  },
} as const
const NAMES = Object.keys(NOTED) as ReadonlyArray<keyof typeof NOTED>

const WARNINGS = 'x-compat-warnings'

/** The names of all headers that tell of an answer. */
export const ANSWER_HEADERS: readonly string[] = [...NAMES, WARNINGS]

/** The same as OpenAPI has them. */
export const describeAnswerHeaders = () => {
  const describe = (description: string) => ({ description, schema: { type: 'string' } })
  return {
    ...Object.fromEntries(NAMES.map((name) => [name, describe(NOTED[name].description)])),
    [WARNINGS]: describe('What was not done as asked: `path: message`, joined by `; `'),
  }
}

/** Adds what a client may want to know of its answer and the body has no place for, as far as it is known by now. */
export function addAnswerHeaders(headers: Headers, trace: RequestTrace): void {
  const notes = trace.notes()
  for (const name of NAMES) {
    const value = notes[NOTED[name].note]
    if (typeof value === 'string' || typeof value === 'number' || value === true)
      headers[name] = toHeaderValue(`${value}`)
  }
  const warnings = trace.warnings()
  if (warnings.length > 0) headers[WARNINGS] = toWarningHeader(warnings)
}

/** The upstream's words; whatever cannot stand in a header is escaped. */
const toHeaderValue = (text: string): string =>
  /^[\x20-\x7e]*$/.test(text) ? text : encodeURIComponent(text)
