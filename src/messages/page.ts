import { invalidRequest } from '../core/errors.ts'

/** Which page of a list is asked for, as the query says it (Anthropic API, §1.3). */
export interface PageQuery {
  readonly limit: string | null
  readonly afterId: string | null
  readonly beforeId: string | null
}

const DEFAULT_LIMIT = 20
const MAX_LIMIT = 1000

/** The most entries that the page may hold. Throws a `Failure` for a query that makes no sense. */
export function checkPage({ limit, afterId, beforeId }: PageQuery): number {
  if (afterId !== null && beforeId !== null)
    throw invalidRequest('after_id: only one of after_id and before_id may be given')
  return limit === null ? DEFAULT_LIMIT : parseLimit(limit)
}

function parseLimit(text: string): number {
  if (!/^-?\d+$/.test(text))
    throw invalidRequest('limit: Input should be a valid integer, unable to parse string as an integer')
  const limit = Number(text)
  if (limit < 1) throw invalidRequest('limit: Input should be greater than or equal to 1')
  if (limit > MAX_LIMIT) throw invalidRequest(`limit: Input should be less than or equal to ${MAX_LIMIT}`)
  return limit
}
