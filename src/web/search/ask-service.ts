import { readBody } from '../read-body.ts'
import { SearchFailure } from './search.ts'

/** How services are asked; `fetch` is the network, or a test's. */
export interface ServiceOptions {
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>
  readonly timeoutMs: number
}

const MAX_BYTES = 4_000_000

/** Asks a search service for JSON. Rejects with a `SearchFailure` that tells the operator's part of the fault. */
export async function askService(
  name: string,
  url: string,
  init: RequestInit & { readonly signal: AbortSignal },
  { fetch, timeoutMs }: ServiceOptions,
): Promise<unknown> {
  const signal = AbortSignal.any([init.signal, AbortSignal.timeout(timeoutMs)])
  try {
    const response = await fetch(url, { ...init, signal, redirect: 'error' })
    const body = await readBody(response, MAX_BYTES)
    if (!response.ok) throw refusal(name, response.status)
    return JSON.parse(new TextDecoder().decode(body))
  } catch (error) {
    init.signal.throwIfAborted()
    if (error instanceof SearchFailure) throw error
    const detail = error instanceof SyntaxError ? 'its answer is no JSON' : 'it could not be reached'
    throw new SearchFailure('unavailable', `the search service ${name} failed: ${detail}`)
  }
}

function refusal(name: string, status: number): SearchFailure {
  if (status === 429)
    return new SearchFailure('too_many_requests', `the search service ${name} was asked too often`)
  const hint = status === 401 || status === 403 ? '; is its key right?' : ''
  return new SearchFailure('unavailable', `the search service ${name} answered with status ${status}${hint}`)
}

/** The objects of a list somewhere in an answer whose shape nobody has promised. */
export function objectsAt(
  value: unknown,
  ...path: readonly string[]
): ReadonlyArray<Readonly<Record<string, unknown>>> {
  let at = value
  for (const name of path)
    at = typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[name] : undefined
  return Array.isArray(at) ? at.filter((item) => typeof item === 'object' && item !== null) : []
}

export const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')
