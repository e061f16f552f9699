import { Failure } from '../core/errors.ts'
import type { CallPiece } from './delta.ts'
import { expectsValue, JSON_START, type JsonScan, missingBrackets, scanJson } from './json-scan.ts'
import { isJson } from './partial-json.ts'
import { toObjectText } from './repair/json-text.ts'
import { addKinds } from './repair/kind.ts'
import { parseMember, separator, type Writing, WRITING, writeHeld, writeMember } from './repair/members.ts'
import type { Schema } from './subschemas.ts'

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
  /** Where in `unsent` the object's complete members end. */
  readonly cuts: readonly number[]
  /** The arguments are an object, as they should be, and not `null`, a string or anything else. */
  readonly isObject: boolean
  readonly scan: JsonScan
  /** The text is known to be no JSON, so that its end cannot be told; what still comes belongs to it. */
  readonly isBroken: boolean
  /** What the client has of the object, where it is written member by member. */
  readonly writing: Writing
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
  cuts: [],
  isObject: false,
  scan: JSON_START,
  isBroken: false,
  writing: WRITING,
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
  return addText({ ...call, name, id }, added)
}

function addText(call: Call, added: string): Call {
  const unsent = call.unsent + added
  if (call.isBroken) return { ...call, text: call.text + added, unsent }
  const { scan, end, commas } = scanJson(call.scan, added)
  const isObject = call.text === '' ? added.startsWith('{') : call.isObject
  const cuts =
    commas.length === 0 ? call.cuts : [...call.cuts, ...commas.map((at) => call.unsent.length + at)]
  if (end < 0) return { ...call, text: call.text + added, unsent, cuts, isObject, scan }
  const text = call.text + added.slice(0, end)
  if (!isJson(text)) {
    const goesOn = { ...scan, complete: false }
    return { ...call, text: call.text + added, unsent, cuts, isObject, scan: goesOn, isBroken: true }
  }
  refuseSecondObject(added.slice(end))
  return { ...call, text, unsent: unsent.slice(0, call.unsent.length + end), cuts, isObject, scan }
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

/** What a call says and what of it the client does not have yet, after some of it was sent. */
export type Taken = readonly [Call, string]

/** All that is unsent, as the model wrote it. Text that begins no object waits for its end. */
export const takeRaw = (call: Call): Taken =>
  call.isObject ? [{ ...call, unsent: '', cuts: [] }, call.unsent] : [call, '']

/**
 * The members that are complete, repaired by the schema of the tool's input; with the last one, the closing bracket.
 * The text of a broken object stops before the member that is no JSON.
 */
export function takeMembers(call: Call, schema: Schema): Taken {
  const { unsent, cuts, scan } = call
  if (!call.isObject || unsent === '' || (cuts.length === 0 && !scan.complete)) return [call, '']
  let { writing } = call
  let text = ''
  let from = 0
  for (const end of scan.complete ? [...cuts, unsent.length - 1] : cuts) {
    const source = unsent.slice(from + 1, end)
    const member = parseMember(source)
    if (member) {
      const [next, more] = writeMember(writing, member, schema)
      writing = next
      text += more
    } else if (!scan.complete)
      return [{ ...call, writing, unsent: unsent.slice(from), cuts: [], isBroken: true }, text]
    from = end
  }
  if (!scan.complete) return [{ ...call, writing, unsent: unsent.slice(from), cuts: [] }, text]
  const [whole, held] = writeHeld(writing, schema)
  text += held
  return [{ ...call, writing: whole, unsent: '', cuts: [] }, text + (whole.isEmpty ? '{}' : '}')]
}

/**
 * The call as it ends, with its unsent text made one whole object where that is beyond doubt. `isCut`: the answer
 * ended in its midst, so that nothing is completed.
 */
export function settleMembers(call: Call, isCut: boolean): Call {
  if (call.isObject && (call.scan.complete || isCut || endsOpen(call))) return call
  const text = call.isObject ? `{${call.unsent.slice(1)}` : call.text
  const meant = toObjectText(text, isCut)
  if (!meant) return call
  const { scan, commas } = scanJson(JSON_START, meant.json)
  const kinds = addKinds(call.writing.kinds, call.isObject ? [...meant.kinds, 'syntax'] : meant.kinds)
  return {
    ...call,
    isObject: true,
    scan,
    unsent: meant.json,
    cuts: commas,
    writing: { ...call.writing, kinds },
  }
}

/** The same for a call whose text is sent as the model wrote it: only what is missing can still be put behind it. */
export function settleRaw(call: Call, isCut: boolean): Call {
  if (!call.isObject) return settleMembers(call, isCut)
  if (call.scan.complete || call.isBroken || isCut) return call
  const missing = missingBrackets(call.scan)
  if (missing === '') return call
  const writing = { ...call.writing, kinds: addKinds(call.writing.kinds, ['syntax']) }
  return { ...call, unsent: call.unsent + missing, writing }
}

/** After a comma or a colon more was to come: such text was cut, whatever the upstream says. */
const endsOpen = ({ unsent }: Call): boolean => /[,:]$/.test(unsent.trimEnd().slice(-1))

/** The rest of a call that is no JSON to its end, as the model wrote it. */
export const takeRest = (call: Call, schema: Schema): Taken => {
  if (call.unsent === '') return [call, '']
  if (!call.isObject) return [{ ...call, unsent: '' }, call.unsent.trimEnd()]
  const [writing, held] = writeHeld(call.writing, schema)
  return [{ ...call, writing, unsent: '' }, held + separator(writing) + call.unsent.slice(1)]
}
