import type { Delta, ReasoningDetail } from '../wire/openrouter/chunk.ts'
import type { Family } from './family.ts'
import { fnv1a } from './hash.ts'
import { encodeToken, type PlainField, type StoredDetail } from './reasoning-token.ts'

/** One thinking block in the making: the upstream entries behind it and the text shown of them. */
export interface ReasoningRun {
  readonly details: readonly StoredDetail[]
  readonly shown: string
  /** Claude signs each entry; such a block is never merged with another one. */
  readonly signedFormat: boolean
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
/** What some providers show in place of reasoning they encrypted. Never meant for eyes. */
const REDACTED_TEXT = '[REDACTED]'

/**
 * The reasoning entries of one chunk. OpenRouter sends the same text as a string and as details: the details count,
 * and the string only where no detail of this chunk has text.
 */
export function piecesOf(delta: Delta): StoredDetail[] {
  const details = (delta.reasoning_details ?? []).filter((detail) => detailText(detail) !== REDACTED_TEXT)
  if (details.some((detail) => detailText(detail) !== '')) return [...details]
  return [...details, ...plainPiece('reasoning', delta.reasoning, delta.reasoning_content)]
}

function plainPiece(
  field: PlainField,
  reasoning: string | null | undefined,
  content: string | null | undefined,
): StoredDetail[] {
  const text = reasoning || content
  if (!text || text === REDACTED_TEXT) return []
  return [{ type: 'plain', field: reasoning ? field : 'reasoning_content', text }]
}

export const detailText = (detail: ReasoningDetail): string => detail.text || detail.summary || ''

const isSignedFormat = (detail: StoredDetail, family: Family): boolean =>
  detail.type !== 'plain' && (detail.format ? detail.format === CLAUDE_FORMAT : family === 'anthropic')

/** A piece that carries nothing but a signature: it belongs to text that came before. */
export const isSignatureOnly = (detail: StoredDetail): boolean =>
  detail.type === 'reasoning.text' && Boolean(detail.signature) && detailText(detail) === ''

/** Nothing to show and nothing to give back. */
export const isEmptyPiece = (detail: StoredDetail): boolean =>
  detailText(detail) === '' &&
  !detail.data &&
  !detail.signature &&
  detail.type !== 'reasoning.server_tool_call'

export const beginRun = (piece: StoredDetail, family: Family): ReasoningRun => ({
  details: [piece],
  shown: detailText(piece),
  signedFormat: isSignedFormat(piece, family),
})

/** Whether a piece continues this block, or begins another one. */
export function continuesRun(run: ReasoningRun, piece: StoredDetail, family: Family): boolean {
  if (!run.signedFormat) return !isSignedFormat(piece, family)
  const last = run.details.at(-1)
  if (!last || !isSignedFormat(piece, family) || last.type !== piece.type) return false
  if (last.signature && detailText(piece) !== '') return false
  return last.type === 'reasoning.text' ? sameIndex(last, piece) : isFragment(last, piece)
}

/** Encrypted entries without an index are whole ones. */
const isFragment = (last: StoredDetail, piece: StoredDetail): boolean =>
  typeof last.index === 'number' && last.index === piece.index

const sameIndex = (a: StoredDetail, b: StoredDetail): boolean =>
  a.index === b.index ||
  a.index === undefined ||
  b.index === undefined ||
  a.index === null ||
  b.index === null

/** Adds a piece to a run. The second result is the text to show. */
export function addPiece(run: ReasoningRun, piece: StoredDetail): readonly [ReasoningRun, string] {
  if (isRepeat(run, piece)) return [run, '']
  const last = run.details.at(-1)
  const merges = last !== undefined && isFragmentOf(last, piece)
  // OpenAI's summaries are paragraphs of their own; a chunk that begins one is the only sign of it.
  const gap =
    !merges && piece.type === 'reasoning.summary' && last?.type === 'reasoning.summary' ? '\n\n' : ''
  const text = gap + detailText(piece)
  const details = merges ? [...run.details.slice(0, -1), mergeDetail(last, piece)] : [...run.details, piece]
  return [{ ...run, details, shown: run.shown + text }, text]
}

const isFragmentOf = (last: StoredDetail, piece: StoredDetail): boolean =>
  last.type === piece.type &&
  last.field === piece.field &&
  sameIndex(last, piece) &&
  (!last.id || !piece.id || last.id === piece.id)

/** Parallel calls make some providers repeat an encrypted entry; a repeat breaks the replay. */
const isRepeat = (run: ReasoningRun, piece: StoredDetail): boolean =>
  Boolean(piece.data) && run.details.some((detail) => detail.data === piece.data)

function mergeDetail(last: StoredDetail, piece: StoredDetail): StoredDetail {
  const joined: Record<string, unknown> = { ...last }
  for (const [key, value] of Object.entries(piece)) {
    if (value === null || value === undefined) continue
    const before = joined[key]
    const accumulates = key === 'text' || key === 'summary' || key === 'data'
    joined[key] =
      accumulates && typeof before === 'string' && typeof value === 'string' ? before + value : value
  }
  return joined
}

/** What closes the block. `late` = its signature belongs to a block that was closed before. */
export function endRun(run: ReasoningRun, identity: ReasoningIdentity, late: boolean): RunEnd {
  const [first] = run.details
  if (run.signedFormat && first && !late) {
    if (first.type === 'reasoning.encrypted') return { kind: 'redacted', data: first.data ?? '' }
    const readable = !identity.hidden || run.shown === ''
    if (first.signature && readable) return { kind: 'thinking', signature: first.signature }
  }
  const token = encodeRun(run, identity, late)
  const hasBlock = run.shown !== '' || run.signedFormat
  return hasBlock ? { kind: 'thinking', signature: token } : { kind: 'redacted', data: token }
}

function encodeRun(run: ReasoningRun, identity: ReasoningIdentity, late: boolean): string {
  const items = identity.hidden ? run.details : cutText(run)
  return encodeToken({
    family: identity.family,
    ...(identity.provider ? { provider: identity.provider } : {}),
    ...(items === run.details ? {} : { textHash: fnv1a(run.shown) }),
    items: late ? items.map((item) => ({ ...item, late: true as const })) : items,
  })
}

/** Replaces text that the block shows anyway by its place in the block. */
function cutText(run: ReasoningRun): readonly StoredDetail[] {
  let cursor = 0
  return run.details.map((detail) => {
    const text = detailText(detail)
    const start = text === '' ? -1 : run.shown.indexOf(text, cursor)
    if (start < 0) return detail
    cursor = start + text.length
    const { text: _text, summary: _summary, ...rest } = detail
    return { ...rest, at: [start, text.length] as const }
  })
}
