import { type TSchema, Type } from '@sinclair/typebox'

import type { Fields } from '../../core/context.ts'

/** The parameter that names a file. */
export const filePath = (what: string) =>
  Type.String({ description: `${what}; absolute, or relative to the working directory` })

/** Reads fields under other names, where the tool's own name is not given too. */
export const renamed =
  (names: Readonly<Record<string, string>>) =>
  (given: Fields): Fields => {
    const fields: Record<string, unknown> = {}
    for (const [key, value] of Object.entries(given)) {
      const own = names[key]
      if (own === undefined) fields[key] = value
      else if (!(own in given)) fields[own] = value
    }
    return fields
  }

/** A parameter that may be left out. */
export const optional = <Schema extends TSchema>(schema: Schema) => Type.Optional(schema)
