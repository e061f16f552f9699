import fc from 'fast-check'

type Schema = Record<string, unknown>

/** Schemas as tools have them, a value that fits, and one that may not. */
export interface Sample {
  readonly schema: Schema
  readonly value: unknown
}

const words = ['', 'a', '5', 'true', 'True', 'null', '[1]', '{"a":1}', 'Red', 'a,b'] as const
const names = ['file_path', 'filePath', 'n', 'list'] as const

const leaf: fc.Arbitrary<Sample> = fc.oneof(
  sample({ type: 'string' }, fc.oneof(fc.constantFrom(...words), fc.string())),
  sample({ type: 'integer' }, fc.integer()),
  sample({ type: 'number' }, fc.oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }))),
  sample({ type: 'boolean' }, fc.boolean()),
  sample({ type: ['string', 'null'] }, fc.constantFrom(...words, null)),
  sample({ type: ['integer', 'boolean'] }, fc.constantFrom(0, 1, true, false)),
  sample({ enum: ['Red', 'red', 'Blue', 5] }, fc.constantFrom('Red', 'red', 'Blue', 5)),
  sample({ $ref: '#/$defs/id' }, fc.constantFrom('a', '5')),
  sample({}, fc.jsonValue()),
)

function sample(schema: Schema, values: fc.Arbitrary<unknown>): fc.Arbitrary<Sample> {
  return values.map((value) => ({ schema, value }))
}

const { any } = fc.letrec<{ any: Sample; list: Sample; object: Sample; union: Sample }>((tie) => ({
  any: fc.oneof({ maxDepth: 3 }, leaf, tie('list'), tie('object'), tie('union')),
  list: tie('any').map(({ schema, value }) => ({
    schema: { type: 'array', items: schema },
    value: [value, value],
  })),
  object: fc
    .tuple(
      fc.dictionary(fc.constantFrom(...names), tie('any'), { maxKeys: 3 }),
      fc.subarray([...names]),
      fc.constantFrom(undefined, false, { type: 'integer' }),
    )
    .map(([members, required, additionalProperties]) => ({
      schema: {
        type: 'object',
        properties: Object.fromEntries(Object.entries(members).map(([name, { schema }]) => [name, schema])),
        required: required.filter((name) => name in members),
        ...(additionalProperties === undefined ? {} : { additionalProperties }),
      },
      value: Object.fromEntries(Object.entries(members).map(([name, { value }]) => [name, value])),
    })),
  union: fc.tuple(tie('any'), tie('any')).map(([one, other]) => ({
    schema: { anyOf: [other.schema, one.schema] },
    value: one.value,
  })),
}))

const asRoot = ({ schema, value }: Sample): Sample => ({
  schema: { ...schema, $defs: { id: { type: 'string' } } },
  // As it is after its way over the wire: there is no -0 in it, for one.
  value: JSON.parse(JSON.stringify(value)) as unknown,
})

/** A schema and a value that fits it. */
export const anySample: fc.Arbitrary<Sample> = any.map(asRoot)

/** The same for the input of a tool, which is an object. */
export const anyInput: fc.Arbitrary<Sample> = fc
  .dictionary(fc.constantFrom(...names), any, { maxKeys: 4 })
  .map((members) =>
    asRoot({
      schema: {
        type: 'object',
        properties: Object.fromEntries(Object.entries(members).map(([name, { schema }]) => [name, schema])),
        required: Object.keys(members).slice(0, 1),
      },
      value: Object.fromEntries(Object.entries(members).map(([name, { value }]) => [name, value])),
    }),
  )
