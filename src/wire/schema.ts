import {
  type ObjectOptions,
  type SchemaOptions,
  type TOptional,
  type TProperties,
  type TSchema,
  type TUnknown,
  Type,
} from '@sinclair/typebox'

/**
 * The only way this project makes an object schema: known fields are checked, unknown ones are kept.
 * A bare `Type.Object` would invite frameworks to delete what they do not know.
 */
export const open = <Properties extends TProperties>(properties: Properties, options: ObjectOptions = {}) =>
  Type.Object(properties, { ...options, additionalProperties: true })

export const nullable = <Schema extends TSchema>(schema: Schema) => Type.Union([schema, Type.Null()])

/** Absent, null or the given shape. */
export const maybe = <Schema extends TSchema>(schema: Schema) => Type.Optional(nullable(schema))

/** One of several strings. */
export const oneOf = <const Values extends readonly string[]>(values: Values, options: SchemaOptions = {}) =>
  Type.Unsafe<Values[number]>(
    Type.Union(
      values.map((value) => Type.Literal(value)),
      options,
    ),
  )

/** Fields that are known by name and taken as they come. */
export const unchecked = <const Names extends readonly string[]>(
  names: Names,
): Record<Names[number], TOptional<TUnknown>> =>
  Object.fromEntries(names.map((name) => [name, Type.Optional(Type.Unknown())])) as Record<
    Names[number],
    TOptional<TUnknown>
  >
