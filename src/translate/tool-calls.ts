import { Failure } from '../core/errors.ts'
import type { ToolCallDelta } from '../wire/openrouter/chunk.ts'
import { JSON_START, type JsonScan, scanJson } from './json-scan.ts'

/** One tool call of the answer, put together from its pieces. */
export interface Call {
  /** The upstream's index; providers leave it out or send 0 for every call. */
  readonly index: number | undefined
  readonly id: string
  readonly name: string
  /** All argument text so far. */
  readonly text: string
  readonly scan: JsonScan
  readonly phase: 'waiting' | 'open' | 'closed'
  /** How much of `text` the client has. */
  readonly sent: number
}

/** Takes in one tool-call delta. Handles the quirks q1–q13 of the providers (openrouter §5.3). */
export function onCallDelta(
  calls: readonly Call[],
  delta: ToolCallDelta,
  known: ReadonlyMap<string, unknown>,
): readonly Call[] {
  const piece: Piece = {
    index: delta.index ?? undefined,
    id: delta.id ?? '',
    name: delta.function?.name ?? '',
    args: argumentText(delta.function?.arguments),
  }
  const at = positionOf(calls, piece)
  const call = calls[at]
  if (!call) {
    const empty = piece.name === '' && piece.args.trim() === ''
    return empty ? calls : [...calls, extend(newCall(piece), piece, known)]
  }
  const next = extend(call, piece, known)
  return next === call ? calls : calls.with(at, next)
}

interface Piece {
  readonly index: number | undefined
  readonly id: string
  readonly name: string
  readonly args: string
}

function argumentText(args: string | Readonly<Record<string, unknown>> | null | undefined): string {
  if (typeof args === 'string') return args
  return args ? JSON.stringify(args) : ''
}

const newCall = (piece: Piece): Call => ({
  index: piece.index,
  id: piece.id,
  name: '',
  text: '',
  scan: JSON_START,
  phase: 'waiting',
  sent: 0,
})

/** Which call a piece belongs to; -1 = it begins a new one. */
function positionOf(calls: readonly Call[], piece: Piece): number {
  const last = calls.findLastIndex((call) => piece.index === undefined || call.index === piece.index)
  const lastCall = calls[last]
  if (piece.id !== '') {
    const same = calls.findLastIndex(
      (call) =>
        call.id === piece.id &&
        (call.index === undefined || piece.index === undefined || call.index === piece.index),
    )
    const sameCall = calls[same]
    if (sameCall) return beginsAnew(sameCall, piece) ? -1 : same
    return lastCall && lastCall.id === '' && !beginsAnew(lastCall, piece) ? last : -1
  }
  return lastCall && beginsAnew(lastCall, piece) ? -1 : last
}

/** A named piece after complete arguments is another call, whatever index and id it repeats. */
const beginsAnew = (call: Call, piece: Piece): boolean =>
  call.scan.complete &&
  piece.name !== '' &&
  (piece.args.trim() === '' ? piece.name !== call.name : piece.args.trimStart() !== call.text.trim())

function extend(call: Call, piece: Piece, known: ReadonlyMap<string, unknown>): Call {
  const name = nameOf(call, piece.name, known)
  const id = call.id || piece.id
  const added = addedText(call, piece.args)
  if (added === '') return name === call.name && id === call.id ? call : { ...call, name, id }
  const { scan, end } = scanJson(call.scan, added)
  if (end >= 0 && added.slice(end).trim() !== '')
    throw new Failure('api_error', 'upstream sent two JSON values as the arguments of one tool call', {
      status: 502,
    })
  return { ...call, name, id, scan, text: call.text + (end < 0 ? added : added.slice(0, end)) }
}

/** Names come once, on every delta, or (rarely) in parts; only a part of a name that the request knows is appended. */
function nameOf(call: Call, piece: string, known: ReadonlyMap<string, unknown>): string {
  if (call.name === '') return piece
  if (piece === '' || piece === call.name || known.has(call.name) || call.text !== '') return call.name
  return [...known.keys()].some((name) => name.startsWith(call.name + piece)) ? call.name + piece : call.name
}

/** What a piece of arguments adds: nothing after the end, only the new part of a cumulative snapshot. */
function addedText(call: Call, args: string): string {
  if (args === '') return ''
  if (call.scan.complete) {
    if (args.trim() === '' || isSnapshot(call, args)) return ''
    throw new Failure('api_error', 'upstream sent more arguments for a finished tool call', { status: 502 })
  }
  return isSnapshot(call, args) ? args.slice(call.text.length) : args
}

/** Long enough that a nested object which begins like its parent is no longer a worry. */
const SURE_PREFIX = 16

const isSnapshot = (call: Call, args: string): boolean =>
  call.text !== '' &&
  args.length >= call.text.length &&
  args.startsWith(call.text) &&
  args.startsWith('{') &&
  (!call.scan.expectsValue || call.scan.complete || call.text === '{' || call.text.length >= SURE_PREFIX)

/** Argument text that is not yet with the client, held back until it is clearly an object. */
export function unsentArguments(call: Call): string {
  const start = call.sent === 0 ? leadingSpace(call.text) : call.sent
  return call.text.charAt(leadingSpace(call.text)) === '{' ? call.text.slice(start) : ''
}

const leadingSpace = (text: string): number => text.length - text.trimStart().length

/** What to send at the end of a call of which nothing was sent: absent, `""`, `null` and `[]` all mean `{}`. */
export function wholeArguments(text: string): string {
  const trimmed = text.trim()
  if (trimmed === '' || trimmed === 'null' || trimmed === '[]') return '{}'
  if (!trimmed.startsWith('"')) return trimmed
  try {
    // Some servers encode the argument text twice.
    const inner: unknown = JSON.parse(trimmed)
    return typeof inner === 'string' ? wholeArguments(inner) : trimmed
  } catch {
    return trimmed
  }
}
