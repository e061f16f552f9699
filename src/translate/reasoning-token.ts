import type { ReasoningDetail } from '../wire/openrouter/chunk.ts'
import { fromBase64url, toBase64url } from './base64url.ts'
import type { Family } from './family.ts'
import { fnv1a } from './hash.ts'

/**
 * The opaque signature of a thinking block that did not come signed by Claude (openrouter §7.4). It carries what the
 * upstream needs back, so that no server state is kept and any client that echoes blocks keeps the chain intact.
 */
export interface ReasoningToken {
  readonly family: Family
  /** Who served the answer: Gemini's blobs are valid only there. */
  readonly provider?: string
  /** FNV-1a of the block's text, when pieces of it were cut out of `items`. */
  readonly textHash?: number
  readonly items: readonly StoredDetail[]
}

/**
 * An upstream entry. Where the block's own text repeats its text or summary, `at` = [start, length] stands for it.
 * `type: 'plain'` is a bare string that came in the field `field`.
 */
export type StoredDetail = ReasoningDetail & {
  readonly at?: readonly [number, number]
  readonly field?: PlainField
  /** A signature that came after its block had been closed; it belongs to the entry before. */
  readonly late?: true
}

export type PlainField = 'reasoning' | 'reasoning_content'

/** Version 1. A later version gets another prefix, and old ones stay readable. */
const PREFIX = 'ors1.'

export const encodeToken = (token: ReasoningToken): string => PREFIX + toBase64url(JSON.stringify(token))

/** Undefined where the signature is no token of ours (Claude's own, another proxy's, or damaged). */
export function decodeToken(signature: string): ReasoningToken | undefined {
  if (!signature.startsWith(PREFIX)) return undefined
  const text = fromBase64url(signature.slice(PREFIX.length))
  if (text === undefined) return undefined
  try {
    const token: unknown = JSON.parse(text)
    return isToken(token) ? token : undefined
  } catch {
    return undefined
  }
}

/** The family begins every token that `encodeToken` makes of an answer. */
const FAMILY = /^\{"family":"([a-z-]+)"/
const FAMILY_CHARS = 48

/** Whose thoughts a token holds; reads no more of it than it must. Undefined where there is no readable token. */
export function familyOfToken(signature: string): string | undefined {
  if (!signature.startsWith(PREFIX)) return undefined
  const head = fromBase64url(signature.slice(PREFIX.length, PREFIX.length + FAMILY_CHARS))
  return FAMILY.exec(head ?? '')?.[1] ?? decodeToken(signature)?.family
}

const isToken = (value: unknown): value is ReasoningToken =>
  typeof value === 'object' &&
  value !== null &&
  'family' in value &&
  typeof value.family === 'string' &&
  'items' in value &&
  Array.isArray(value.items) &&
  value.items.every((item) => typeof item === 'object' && item !== null)

/** Looks like a token of ours, readable or not: never something to show to Claude as its own signature. */
export const isOurs = (signature: string): boolean => /^ors\d+\./.test(signature)

/** Puts the block's text back into the entries; an entry whose text the client changed is left out. */
export function restoreDetails(token: ReasoningToken, blockText: string): StoredDetail[] {
  const intact = token.textHash === undefined || token.textHash === fnv1a(blockText)
  return token.items.flatMap(({ at, ...detail }) => {
    if (!at) return [detail]
    if (!intact) return []
    const text = blockText.slice(at[0], at[0] + at[1])
    return [detail.type === 'reasoning.summary' ? { ...detail, summary: text } : { ...detail, text }]
  })
}
