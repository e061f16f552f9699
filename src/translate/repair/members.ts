import { parseObject } from '../partial-json.ts'
import type { Schema } from '../subschemas.ts'
import { coerce } from './coerce.ts'
import { addKinds, type RepairKind } from './kind.ts'
import { flatten, isKnown, meansAbsent, memberSchema, renames, requiredOf, styleless } from './schema-view.ts'

/** An object that is written member by member. */
export interface Writing {
  /** The names of the required members so far. */
  readonly written: readonly string[]
  /** Whether nothing but the opening bracket is to come before the next member. */
  readonly isEmpty: boolean
  /** Members of unknown names that may turn out to be missing ones, as they came. */
  readonly held: readonly Member[]
  readonly kinds: readonly RepairKind[]
}

interface Member {
  readonly name: string
  readonly value: unknown
  /** The member's JSON text. */
  readonly source: string
}

export const WRITING: Writing = { written: [], isEmpty: true, held: [], kinds: [] }

/** What has been written, and the text for it. */
export type Written = readonly [Writing, string]

/** The one member that a text is; undefined for any other text. */
export function parseMember(source: string): Member | undefined {
  const entries = Object.entries(parseObject(`{${source}}`) ?? {})
  const [entry] = entries
  return entry && entries.length === 1 ? { name: entry[0], value: entry[1], source } : undefined
}

/** Writes a member as it came, or repaired by the schema of the whole object. */
export function writeMember(writing: Writing, member: Member, root: Schema): Written {
  const schema = flatten(root, root)
  if (mayBeMissing(member.name, writing, schema)) return [{ ...writing, held: [...writing.held, member] }, '']
  return writeRepaired(writing, member, member.name, schema, root)
}

/** Whether a required member is not here yet that has the same name in another style. */
const mayBeMissing = (name: string, { written }: Writing, schema: Schema): boolean =>
  !isKnown(schema, name) &&
  requiredOf(schema).some((other) => styleless(other) === styleless(name) && !written.includes(other))

function writeRepaired(before: Writing, member: Member, name: string, schema: Schema, root: Schema): Written {
  const writing = name === member.name ? before : { ...before, kinds: addKinds(before.kinds, ['name']) }
  const written = requiredOf(schema).includes(name) ? [...writing.written, name] : writing.written
  if (meansAbsent(member.value, name, schema, root))
    return [{ ...writing, written, kinds: addKinds(writing.kinds, ['null']) }, '']
  const { value, kinds } = coerce(member.value, memberSchema(schema, name), root, member.source)
  const text =
    value === member.value ? withName(member, name) : `${JSON.stringify(name)}:${JSON.stringify(value)}`
  return [
    { ...writing, written, isEmpty: false, kinds: addKinds(writing.kinds, kinds) },
    separator(writing) + text,
  ]
}

/** The member's text under another name; what it says of the value stays as it was written. */
const withName = ({ name: given, source }: Member, name: string): string =>
  name === given ? source : source.replace(/^\s*"[^"\\]*(?:\\.[^"\\]*)*"/, () => JSON.stringify(name))

/** What stands before the next member, or before whatever follows. */
export const separator = ({ isEmpty }: Writing): string => (isEmpty ? '{' : ',')

/** Writes the members that were held, under the names that they must mean. */
export function writeHeld(before: Writing, root: Schema): Written {
  if (before.held.length === 0) return [before, '']
  const schema = flatten(root, root)
  const meantBy = renames(
    before.held.map(({ name }) => name),
    requiredOf(schema).filter((name) => !before.written.includes(name)),
  )
  let writing: Writing = { ...before, held: [] }
  let text = ''
  for (const member of before.held) {
    const name = meantBy.get(member.name) ?? member.name
    const [next, more] = writeRepaired(writing, member, name, schema, root)
    writing = next
    text += more
  }
  return [writing, text]
}
