import type { Schema } from '../subschemas.ts'
import type { Problem } from './problem.ts'

/** What a keyword may ask of the check that it is part of. */
export interface Run {
  /** Checks a value inside, or the same value against another schema. */
  readonly check: (value: unknown, schema: unknown, path: string) => readonly Problem[]
  /** The schema that a `$ref` names; undefined for one that is not in the document. */
  readonly resolve: (reference: string) => unknown
  /** Whether a pattern occurs in a text; true as well where that cannot be told. */
  readonly matches: (pattern: string, text: string) => boolean
  /** Accounts for work; throws a `RangeError` when it gets too much. */
  readonly spend: (steps: number) => void
}

/** Where a keyword stands, and where the value does. */
export interface Place {
  /** The schema that holds the keyword. */
  readonly schema: Schema
  readonly path: string
  readonly run: Run
}

/** Tells what is wrong with a value by one keyword. A rule that makes no sense asks for nothing. */
export type Keyword = (value: unknown, rule: unknown, place: Place) => readonly Problem[]

export const FITS: readonly Problem[] = []

/** One problem with the value as a whole, or none. */
export const unless = (fits: boolean, { path }: Place, message: () => string): readonly Problem[] =>
  fits ? FITS : [{ path, message: message() }]

/** The path of something inside. */
export const inside = (path: string, name: string | number): string =>
  `${path}/${String(name).replaceAll('~', '~0').replaceAll('/', '~1')}`

const MAX_SHOWN = 60

/** A value in a few words. */
export function show(value: unknown): string {
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object' && value !== null) return 'an object'
  if (typeof value !== 'string') return String(value)
  return JSON.stringify(value.length > MAX_SHOWN ? `${value.slice(0, MAX_SHOWN)}…` : value)
}
