import type { TNull, TOptional, TSchema, TUnion } from '@sinclair/typebox'

import { maybe } from '../schema.ts'

/** One parameter of a chat request (openrouter §2). */
export interface Parameter {
  /** Its number there: O… are OpenAI's, R… are OpenRouter's alone. */
  readonly row: `O${number}` | `R${number}`
  readonly schema: TSchema
  /** What it is for, in one clause. */
  readonly about: string
}

/** A row of a table of parameters. */
export const parameter = <Schema extends TSchema>(row: Parameter['row'], schema: Schema, about: string) => ({
  row,
  schema,
  about,
})

type Fields<Table extends Readonly<Record<string, Parameter>>> = {
  -readonly [Name in keyof Table]: TOptional<TUnion<[Table[Name]['schema'], TNull]>>
}

/** The parameters of a table as fields of an object, each of which may be absent or null. */
export const fieldsOf = <Table extends Readonly<Record<string, Parameter>>>(table: Table): Fields<Table> =>
  Object.fromEntries(
    Object.entries(table).map(([name, { schema }]) => [name, maybe(schema)]),
  ) as Fields<Table>
