import type { ClientProtocol, Warning } from '../../core/context.ts'
import type { MessagesRequest } from '../../wire/anthropic/request.ts'
import type { ServerLimits } from '../options.ts'
import type { Target } from '../target.ts'
import type { Turn } from '../turns.ts'

/** Something of a request that the target does not get as it was meant. */
export interface Loss extends Warning {
  /** It cannot change what the answer means, or something as good is done instead: no reason to refuse the request. */
  readonly harmless?: true
}

/** What the answer to "is anything lost?" depends on. */
export interface LossTerms {
  readonly request: MessagesRequest
  readonly turns: readonly Turn[]
  readonly target: Target
  readonly protocol: ClientProtocol
  readonly limits: ServerLimits
}

/** Losses with paths that begin where one looked; the value itself has the empty path. */
export type Found = readonly Loss[]

/** The one empty list: most requests lose nothing, and then nothing is allocated. */
export const NOTHING: Found = []

/** Any JSON object. */
export type Values = Readonly<Record<string, unknown>>

/** Says what is lost of a value that is there; `owner` is the object that it stands in. */
export type Fate = (value: unknown, terms: LossTerms, owner: Values) => Found

/** A decision for each field that a wire schema knows: one without is a type error. */
export type Fates<Shape> = { readonly [Field in keyof Required<Shape>]: Fate }

// — decisions —

/** It goes upstream, or is done here. */
export const kept: Fate = () => NOTHING

/** Never done. */
export function lost(message: string): Fate {
  const found: Found = [{ path: '', message }]
  return () => found
}

/** Not done, and the answer is as good without. */
export function spared(message: string): Fate {
  const found: Found = [{ path: '', message, harmless: true }]
  return () => found
}

/** Only in some cases. */
export const when =
  (isSo: (value: unknown, terms: LossTerms, owner: Values) => boolean, fate: Fate): Fate =>
  (value, terms, owner) =>
    isSo(value, terms, owner) ? fate(value, terms, owner) : NOTHING

/** The first decision that finds something counts. */
export const firstOf =
  (...fates: readonly Fate[]): Fate =>
  (value, terms, owner) => {
    for (const fate of fates) {
      const found = fate(value, terms, owner)
      if (found.length > 0) return found
    }
    return NOTHING
  }

const UNKNOWN = lost('is not sent: this server does not know the field')

/** An object, field by field. Fields that are in no table are not sent either, and reported. */
export function fields(table: Readonly<Record<string, Fate>>): Fate {
  const fates = new Map(Object.entries(table))
  return (value, terms) => {
    let found: Loss[] | undefined
    const owner = value as Values
    for (const field in owner) {
      const inner = owner[field]
      const fate = fates.get(field) ?? UNKNOWN
      if (fate === kept || inner === undefined || inner === null) continue
      found = gather(found, field, fate(inner, terms, owner))
    }
    return found ?? NOTHING
  }
}

/** A table whose every known field is decided; `more` are fields that the schema does not name. */
export const decided = <Shape>(table: Fates<Shape>, more: Readonly<Record<string, Fate>> = {}): Fate =>
  fields({ ...more, ...table })

/** Each item of a list; what is no list holds nothing. */
export const each =
  (fate: Fate): Fate =>
  (list, terms, owner) => {
    if (!Array.isArray(list)) return NOTHING
    let found: Loss[] | undefined
    for (let index = 0; index < list.length; index++)
      found = gather(found, index, fate(list[index], terms, owner))
    return found ?? NOTHING
  }

// — joining —

/** Adds losses, seen from one step further out, to a list that is not there before the first one. */
export function gather(found: Loss[] | undefined, step: string | number, more: Found): Loss[] | undefined {
  if (more.length === 0) return found
  const all = found ?? []
  const place = typeof step === 'number' ? String(step) : clip(step)
  for (const loss of more) all.push({ ...loss, path: loss.path === '' ? place : `${place}.${loss.path}` })
  return all
}

/** A client's own field names are told in logs and headers, so they must not be of any length. */
const MAX_FIELD_CHARS = 64
const clip = (field: string): string =>
  field.length > MAX_FIELD_CHARS ? `${field.slice(0, MAX_FIELD_CHARS)}...` : field
