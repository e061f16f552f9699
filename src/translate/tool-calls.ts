import { Failure } from '../core/errors.ts'
import type { CallPiece } from './delta.ts'
import { expectsValue, JSON_START, type JsonScan, missingBrackets, scanJson } from './json-scan.ts'

/** One tool call of the answer, put together from its pieces. */
export interface Call {
  readonly index: number | undefined
  /** The upstream's id. */
  readonly id: string
  readonly name: string
  /** All argument text so far, from its first visible character on. */
  readonly text: string
  /** What of it the client does not have yet. */
  readonly unsent: string
  /** The arguments are an object, as they should be, and not `null`, a string or anything else. */
  readonly isObject: boolean
  readonly scan: JsonScan
  readonly phase: 'waiting' | 'open' | 'closed'
  /** The id the client sees, once the call is open. */
  readonly clientId: string
}

/** Tool names that the request knows. */
type KnownNames = Pick<ReadonlyMap<string, unknown>, 'has' | 'keys'>

/** Takes in one piece of a tool call. Handles the quirks q1–q13 of the providers (openrouter §5.3). */
export function addCallPiece(calls: readonly Call[], piece: CallPiece, known: KnownNames): readonly Call[] {
  const at = positionOf(calls, piece, known)
  const call = calls[at]
  if (call) {
    const grown = grow(call, piece, known)
    return grown === call ? calls : calls.with(at, grown)
  }
  const saysNothing = piece.name === '' && piece.id === '' && piece.args.trim() === ''
  return saysNothing ? calls : [...calls, grow(newCall(piece.index), piece, known)]
}

const newCall = (index: number | undefined): Call => ({
  index,
  id: '',
  name: '',
  text: '',
  unsent: '',
  isObject: false,
  scan: JSON_START,
  phase: 'waiting',
  clientId: '',
})

// — which call —

/** The call that a piece belongs to; -1 = it begins a new one. */
function positionOf(calls: readonly Call[], piece: CallPiece, known: KnownNames): number {
  const at = piece.id === '' ? lastAt(calls, piece.index) : placeOfId(calls, piece)
  const call = calls[at]
  return call && beginsAnew(call, piece, known) ? -1 : at
}

function lastAt(calls: readonly Call[], index: number | undefined): number {
  let at = calls.length - 1
  while (at >= 0 && !fits(calls[at], index)) at--
  return at
}

const fits = (call: Call | undefined, index: number | undefined): boolean =>
  call?.index === undefined || index === undefined || call.index === index

function placeOfId(calls: readonly Call[], piece: CallPiece): number {
  for (let at = calls.length - 1; at >= 0; at--)
    if (calls[at]?.id === piece.id && fits(calls[at], piece.index)) return at
  const at = lastAt(calls, piece.index)
  const call = calls[at]
  if (!call || call.id === '') return at
  // Some servers invent an id for every piece, so that only a name tells of another call.
  const goesOn = piece.name === '' && piece.index !== undefined && call.name !== '' && !call.scan.complete
  return goesOn ? at : -1
}

/** A named piece may begin another call, whatever index and id it repeats (q2, q4). */
function beginsAnew(call: Call, piece: CallPiece, known: KnownNames): boolean {
  if (piece.name === '' || call.name === '') return false
  const isOther = piece.name !== call.name
  if (!call.scan.complete) return isOther && known.has(call.name) && known.has(piece.name)
  const args = piece.args.trim()
  return isOther || (args.startsWith('{') && args !== call.text)
}

// — what a piece adds —

function grow(call: Call, piece: CallPiece, known: KnownNames): Call {
  const name = nameOf(call, piece.name, known)
  const id = call.id || piece.id
  const added = addedText(call, piece.args)
  if (added === '') return name === call.name && id === call.id ? call : { ...call, name, id }
  const { scan, end } = scanJson(call.scan, added)
  const fresh = end < 0 ? added : added.slice(0, end)
  if (end >= 0) refuseSecondObject(added.slice(end))
  const isObject = call.text === '' ? added.startsWith('{') : call.isObject
  return { ...call, name, id, scan, isObject, text: call.text + fresh, unsent: call.unsent + fresh }
}

/** Names come once, on every piece, or (rarely) in parts; only a part of a name that the request knows is appended. */
function nameOf(call: Call, piece: string, known: KnownNames): string {
  if (call.name === '') return piece
  if (piece === '' || piece === call.name || known.has(call.name) || call.text !== '') return call.name
  return beginsKnownName(call.name + piece, known) ? call.name + piece : call.name
}

function beginsKnownName(start: string, known: KnownNames): boolean {
  for (const name of known.keys()) if (name.startsWith(start)) return true
  return false
}

/** What a piece of arguments adds: nothing after the end, only the new part of a cumulative snapshot. */
function addedText(call: Call, args: string): string {
  if (call.text === '') return args.trimStart()
  if (call.scan.complete) {
    refuseSecondObject(args.startsWith(call.text) ? args.slice(call.text.length) : args)
    return ''
  }
  return isSnapshot(call, args) ? args.slice(call.text.length) : args
}

/** White space and stray brackets after the end do no harm, but another object would be a call that is lost (q13). */
function refuseSecondObject(rest: string): void {
  if (!rest.trimStart().startsWith('{')) return
  throw new Failure('api_error', 'the upstream sent two JSON objects as the arguments of one tool call', {
    status: 502,
  })
}

/** Long enough that a nested object which begins like its parent is no longer a worry. */
const SURE_PREFIX_CHARS = 16

const isSnapshot = ({ text, scan }: Call, args: string): boolean =>
  args.length >= text.length &&
  args.startsWith('{') &&
  args.startsWith(text) &&
  (!expectsValue(scan) || text === '{' || text.length >= SURE_PREFIX_CHARS)

// — what the client gets —

/** What is left to send at the end of a call: what is unsent of an object, the object that other text means. */
export const closingText = (call: Call): string =>
  call.isObject ? call.unsent : wholeArguments(call.text.trimEnd())

/** Absent, `""`, `null` and `[]` all mean `{}` (q10). */
function wholeArguments(text: string): string {
  if (text === '' || text === 'null' || text === '[]') return '{}'
  if (!text.startsWith('"')) return text
  try {
    // Some servers encode the argument text twice.
    const inner: unknown = JSON.parse(text)
    return typeof inner === 'string' ? wholeArguments(inner.trim()) : text
  } catch {
    return text
  }
}

/** The call with the brackets that some servers forget at its end. Not for answers that were cut off. */
export const withMissingBrackets = (call: Call): Call =>
  call.isObject ? { ...call, unsent: call.unsent + missingBrackets(call.scan) } : call
