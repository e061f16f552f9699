import type { Delta, ReasoningDetail } from '../wire/openrouter/chunk.ts'
import { detailsOf, stringOf } from './delta.ts'
import type { Family } from './family.ts'
import { fnv1a } from './hash.ts'
import { encodeToken, type StoredDetail } from './reasoning-token.ts'

/** One thinking block in the making: the upstream entries behind it and the text shown of them. */
export interface ReasoningRun {
  /** The entries before the last one. A signed run never has any. */
  readonly earlier: readonly StoredDetail[]
  readonly last: StoredDetail
  readonly shown: string
  /** Claude signs each entry; such an entry is a block of its own. */
  readonly signed: boolean
}

/** How a run ends: as what block, with what opaque data. */
export type RunEnd =
  | { readonly kind: 'thinking'; readonly signature: string }
  | { readonly kind: 'redacted'; readonly data: string }

export interface ReasoningIdentity {
  readonly family: Family
  readonly provider: string | undefined
  /** `thinking.display: "omitted"`: the client wants signatures but no text. */
  readonly hidden: boolean
}

const CLAUDE_FORMAT = 'anthropic-claude-v1'
/** What some providers show in place of reasoning they encrypted. Never meant for eyes (q22). */
const REDACTED_TEXT = '[REDACTED]'

// — pieces —

/**
 * The reasoning entries of one chunk. OpenRouter sends the same text as a string and as details: the details count,
 * and the string only where no detail of this chunk has text.
 */
export function piecesOf(delta: Delta): readonly StoredDetail[] {
  const details = detailsOf(delta).map(withoutPlaceholder)
  if (details.some(hasText)) return details
  const reasoning = stringOf(delta.reasoning)
  const text = reasoning || stringOf(delta.reasoning_content)
  if (text === '' || text === REDACTED_TEXT) return details
  return [...details, { type: 'plain', field: reasoning ? 'reasoning' : 'reasoning_content', text }]
}

const withoutPlaceholder = (detail: ReasoningDetail): StoredDetail =>
  detailText(detail) === REDACTED_TEXT ? withoutText(detail) : detail

function withoutText({ text, summary, ...rest }: StoredDetail): StoredDetail {
  return text && summary ? { ...rest, summary } : rest
}

export const detailText = (detail: ReasoningDetail): string =>
  stringOf(detail.text) || stringOf(detail.summary)

const hasText = (detail: StoredDetail): boolean => detailText(detail) !== ''

/** Nothing to show and nothing to give back, though it may name the entry that later pieces continue. */
export const isEmptyPiece = (piece: StoredDetail): boolean =>
  !hasText(piece) && !piece.data && !piece.signature && piece.type !== 'reasoning.server_tool_call'

/** A piece that carries nothing but a signature: it belongs to text that came before. */
const isSignatureOnly = (piece: StoredDetail): boolean =>
  piece.type === 'reasoning.text' && Boolean(piece.signature) && !hasText(piece)

/** The start of another block of Claude's, which may interrupt the text between (q16). */
export const beginsSignedText = (piece: StoredDetail, family: Family): boolean =>
  hasText(piece) && isSigned(piece, family === 'anthropic')

/** The format stands on the first piece only, at times on none. */
const isSigned = ({ type, format }: StoredDetail, otherwise: boolean): boolean =>
  type !== 'plain' && type !== 'reasoning.server_tool_call' && (format ? format === CLAUDE_FORMAT : otherwise)

// — runs —

export const beginRun = (piece: StoredDetail, family: Family): ReasoningRun => ({
  earlier: [],
  last: piece,
  shown: detailText(piece),
  signed: isSigned(piece, family === 'anthropic'),
})

/** Whether a piece continues this block, or begins another one. */
export function continuesRun(run: ReasoningRun, piece: StoredDetail, family: Family): boolean {
  const signed = isSigned(piece, run.signed || family === 'anthropic')
  if (!run.signed) return !signed
  return signed && (isRepeat(run, piece) || isFragment(run.last, piece))
}

/** Adds a piece to the run that it continues. The second result is the text to show. */
export function addPiece(run: ReasoningRun, piece: StoredDetail): readonly [ReasoningRun, string] {
  if (isRepeat(run, piece)) return [run, '']
  const isNew = !isFragment(run.last, piece)
  const text = gapBefore(run, piece, isNew) + detailText(piece)
  const grown = { ...run, shown: run.shown + text }
  return isNew
    ? [{ ...grown, earlier: [...run.earlier, run.last], last: piece }, text]
    : [{ ...grown, last: merge(run.last, piece) }, text]
}

/** Summaries are paragraphs of their own; the first text of an entry is the only sign of one. */
const gapBefore = (run: ReasoningRun, piece: StoredDetail, isNew: boolean): string =>
  piece.type === 'reasoning.summary' && run.shown !== '' && hasText(piece) && (isNew || !hasText(run.last))
    ? '\n\n'
    : ''

/** Whether a piece goes on with the entry before it, rather than being one itself (openrouter §3.4). */
function isFragment(last: StoredDetail, piece: StoredDetail): boolean {
  if (last.type !== piece.type || last.field !== piece.field) return false
  if (isSignatureOnly(piece)) return !last.signature || last.signature === piece.signature
  if (last.signature && hasText(piece)) return false
  if (last.id && piece.id && last.id !== piece.id) return false
  // Encrypted entries without an index are whole ones: two of them joined would be neither.
  if (piece.type === 'reasoning.encrypted') return isNumber(last.index) && last.index === piece.index
  return last.index === piece.index || !isNumber(last.index) || !isNumber(piece.index)
}

const isNumber = (value: unknown): boolean => typeof value === 'number'

/** Shorter summaries may well be said twice. */
const SURE_REPEAT_CHARS = 16

/** Parallel calls make some providers repeat whole entries; a repeat breaks the replay. */
function isRepeat({ earlier, last }: ReasoningRun, { data, summary }: StoredDetail): boolean {
  if (data) return last.data === data || earlier.some((entry) => entry.data === data)
  if (!summary || summary.length < SURE_REPEAT_CHARS) return false
  return last.summary === summary || earlier.some((entry) => entry.summary === summary)
}

const ACCUMULATES: ReadonlySet<string> = new Set(['text', 'summary', 'data'])

function merge(last: StoredDetail, piece: StoredDetail): StoredDetail {
  const joined: Record<string, unknown> = { ...last }
  for (const key in piece) {
    const value = piece[key]
    if (value === null || value === undefined) continue
    joined[key] = ACCUMULATES.has(key) ? stringOf(joined[key]) + stringOf(value) : value
  }
  return joined
}

/** Claude's text without its signature, which may still come. */
export const awaitsSignature = ({ signed, last }: ReasoningRun): boolean =>
  signed && last.type === 'reasoning.text' && !last.signature

/** A signature without any text, which may belong to a block that was closed before (q23). */
export const isLoneSignature = ({ shown, last }: ReasoningRun): boolean =>
  shown === '' && isSignatureOnly(last)

/** There is nothing to show of a run and nothing to give back. */
export const isEmptyRun = ({ earlier, last }: ReasoningRun): boolean =>
  isEmptyPiece(last) && earlier.every(isEmptyPiece)

// — ends —

/** What closes the block. `late` = its signature belongs to a block that was closed before. */
export function endRun(run: ReasoningRun, identity: ReasoningIdentity, late: boolean): RunEnd {
  const { last, signed, shown } = run
  if (signed && !late) {
    if (last.type === 'reasoning.encrypted' && shown === '')
      return { kind: 'redacted', data: stringOf(last.data) }
    const isWhole = last.type === 'reasoning.text' && (!identity.hidden || shown === '')
    if (last.signature && isWhole) return { kind: 'thinking', signature: last.signature }
  }
  const token = encodeRun(run, identity, late)
  return shown !== '' || signed ? { kind: 'thinking', signature: token } : { kind: 'redacted', data: token }
}

function encodeRun(
  run: ReasoningRun,
  { family, provider, hidden }: ReasoningIdentity,
  late: boolean,
): string {
  const entries = [...run.earlier, run.last].filter((entry) => !isEmptyPiece(entry))
  const cut = !hidden && run.shown !== ''
  const items = cut ? withoutShownText(entries, run.shown) : entries
  return encodeToken({
    family,
    ...(provider ? { provider } : {}),
    ...(cut ? { textHash: fnv1a(run.shown) } : {}),
    items: late ? items.map((item) => ({ ...item, late: true as const })) : items,
  })
}

/** Replaces text that the block shows anyway by its place in the block. */
function withoutShownText(entries: readonly StoredDetail[], shown: string): readonly StoredDetail[] {
  let cursor = 0
  return entries.map((entry) => {
    const text = detailText(entry)
    if (text === '') return entry
    const start = shown.indexOf(text, cursor)
    cursor = start + text.length
    return { ...withoutText(entry), at: [start, text.length] as const }
  })
}
