import { checkValue } from '../structured/check-value.ts'
import { combine, isSchema, resolvePointer, type Schema } from '../subschemas.ts'

/** How the schema of a tool's input is read where values are held against it. */

/** More than honest arguments need; a check that takes longer counts as passed. */
const MAX_STEPS = 50_000

/** Whether a value fits a schema that stands somewhere in `root`. What cannot be told counts as fitting. */
export const fits = (value: unknown, schema: unknown, root: Schema): boolean =>
  checkValue(value, schema, MAX_STEPS, root).problems.length === 0

/** The same without the benefit of the doubt. */
export function fitsSurely(value: unknown, schema: unknown, root: Schema): boolean {
  const { problems, complete } = checkValue(value, schema, MAX_STEPS, root)
  return complete && problems.length === 0
}

const MAX_HOPS = 8

/** A schema with what it refers to and what `allOf` adds to it, as one; the schema itself where it does neither. */
export function flatten(schema: Schema, root: Schema, hops = 0): Schema {
  const { $ref: reference, allOf, ...rest } = schema
  const parts = Array.isArray(allOf) ? allOf.filter(isSchema) : []
  const meant = typeof reference === 'string' ? resolvePointer(root, reference) : undefined
  if ((!meant && parts.length === 0) || hops > MAX_HOPS) return schema
  return [meant ?? {}, ...parts]
    .map((part) => flatten(part, root, hops + 1))
    .concat(rest)
    .reduce(combine)
}

/** The alternatives of a union; undefined where there is none. */
export function variantsOf({ anyOf, oneOf }: Schema): readonly Schema[] | undefined {
  const variants = anyOf ?? oneOf
  return Array.isArray(variants) ? variants.filter(isSchema) : undefined
}

/** The schema of an object's member; undefined where the schema says nothing about it. */
export function memberSchema(
  { properties, patternProperties, additionalProperties }: Schema,
  name: string,
): unknown {
  if (isSchema(properties) && Object.hasOwn(properties, name)) return properties[name]
  return patternProperties ? undefined : additionalProperties
}

/** Whether an object of this schema may have a member of this name that the schema speaks of. */
export const isKnown = ({ properties, patternProperties }: Schema, name: string): boolean =>
  !isSchema(properties) || Object.hasOwn(properties, name) || patternProperties !== undefined

export const requiredOf = ({ required }: Schema): readonly string[] =>
  Array.isArray(required) ? required.filter((name) => typeof name === 'string') : []

/** Whether a null only says that an optional member is not there. */
export function meansAbsent(value: unknown, name: string, schema: Schema, root: Schema): boolean {
  const { properties } = schema
  if (value !== null || !isSchema(properties) || !Object.hasOwn(properties, name)) return false
  return (
    !requiredOf(schema).includes(name) && !isNullable(properties[name]) && !fits(null, properties[name], root)
  )
}

/** OpenAPI's word for what JSON Schema says by `type`. */
const isNullable = (schema: unknown): boolean => isSchema(schema) && schema['nullable'] === true

/** `filePath`, `file_path` and `FilePath` are one name in three styles. */
export const styleless = (name: string): string => name.toLowerCase().replaceAll(/[-_]/g, '')

/** Names that a schema does not know → the missing names they must mean, where only one of each is alike. */
export function renames(unknown: readonly string[], missing: readonly string[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  for (const name of unknown) {
    const isAlike = (other: string): boolean => styleless(other) === styleless(name)
    const [meant, ...others] = missing.filter(isAlike)
    if (meant !== undefined && others.length === 0 && unknown.filter(isAlike).length === 1)
      found.set(name, meant)
  }
  return found
}
