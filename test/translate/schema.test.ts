import { describe, expect, test } from 'bun:test'

import fc from 'fast-check'

import { toAnswerSchema, toParameters } from '../../src/translate/schema.ts'
import { deepFreeze } from '../support/freeze.ts'

type Schema = Record<string, unknown>

const parameters = (
  schema: Schema | null | undefined,
  family: Parameters<typeof toParameters>[1] = 'other',
) => toParameters(deepFreeze(schema), family, false).schema

/** What becomes of one parameter `x` at Gemini's. */
const gemini = (schema: unknown, rest: Schema = {}): any =>
  (parameters({ type: 'object', properties: { x: schema }, ...rest }, 'google') as any).properties.x

describe('every model gets', () => {
  test.each([[null], [undefined], [{}], [{ type: 'object' }]])(
    'an object with properties for %j',
    (schema) => {
      expect(parameters(schema)).toEqual({ type: 'object', properties: {} })
    },
  )

  test('no words about the schema itself', () => {
    const schema = {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      $id: 'a',
      $comment: 'b',
      type: 'object',
      properties: {},
    }
    expect(parameters(schema)).toEqual({ type: 'object', properties: {} })
  })

  test('everything else by reference', () => {
    const properties = { a: { type: 'string', format: 'uri' } }
    expect(parameters({ type: 'object', properties })['properties']).toBe(properties)
  })

  test('parameters that are named like keywords, untouched (T43)', () => {
    const properties = {
      type: { type: 'string' },
      properties: { type: 'object' },
      $ref: { type: 'string' },
      enum: { type: 'number' },
    }
    const schema = { type: 'object', properties, required: ['type'] }
    for (const family of ['other', 'openai', 'anthropic'] as const)
      expect(parameters(schema, family)).toEqual(schema)
    expect(parameters(schema, 'google')).toEqual({ ...schema, properties })
  })

  test('one object in place of a union at the root', () => {
    const schema = {
      type: 'object',
      properties: { common: { type: 'string' } },
      required: ['common'],
      oneOf: [
        { properties: { kind: { const: 'a' }, a: { type: 'number' } }, required: ['kind', 'a'] },
        { $ref: '#/$defs/B' },
      ],
      $defs: { B: { properties: { kind: { const: 'b' }, b: { type: 'number' } }, required: ['kind'] } },
    }
    const { $defs: _defs, ...rest } = parameters(schema, 'openai') as any
    expect(rest).toEqual({
      type: 'object',
      properties: {
        kind: { anyOf: [{ const: 'a' }, { const: 'b' }] },
        a: { type: 'number' },
        b: { type: 'number' },
        common: { type: 'string' },
      },
      required: ['kind', 'common'],
    })
  })

  test('one object in place of parts that all hold, and of a reference', () => {
    const schema = {
      allOf: [
        { properties: { a: {} }, required: ['a'] },
        { properties: { b: {} }, required: ['b'] },
      ],
    }
    expect(parameters(schema)).toMatchObject({
      type: 'object',
      properties: { a: {}, b: {} },
      required: ['a', 'b'],
    })
    const named = {
      $ref: '#/$defs/A',
      $defs: { A: { type: 'object', properties: { a: { type: 'string' } } } },
    }
    expect(parameters(named)).toMatchObject({ type: 'object', properties: { a: { type: 'string' } } })
  })
})

describe('Gemini gets', () => {
  test.each<[string, unknown, unknown]>([
    ['no additionalProperties', { type: 'object', additionalProperties: false }, { type: 'object' }],
    ['no propertyNames', { type: 'object', propertyNames: { pattern: 'a' } }, { type: 'object' }],
    ['no patternProperties', { type: 'object', patternProperties: { a: {} } }, { type: 'object' }],
    ['no default, no examples', { type: 'string', default: 'a', examples: ['b'] }, { type: 'string' }],
    ['no not, no if', { type: 'string', not: { const: 'a' }, if: {}, else: {} }, { type: 'string' }],
    [
      'no keyword that is unknown to it',
      { type: 'array', items: { type: 'string' }, uniqueItems: true, 'x-mine': 1 },
      { type: 'array', items: { type: 'string' } },
    ],
    ['no format that is unknown to it', { type: 'string', format: 'uri' }, { type: 'string' }],
    [
      'the formats that it knows',
      { type: 'string', format: 'date-time' },
      { type: 'string', format: 'date-time' },
    ],
    [
      'included bounds in place of excluded ones',
      { type: 'number', exclusiveMinimum: 1, exclusiveMaximum: 2 },
      { type: 'number', minimum: 1, maximum: 2 },
    ],
    [
      'the very same bounds for whole numbers',
      { type: 'integer', exclusiveMinimum: 0, exclusiveMaximum: 10 },
      { type: 'integer', minimum: 1, maximum: 9 },
    ],
    [
      "nothing of an older draft's bounds",
      { type: 'number', minimum: 1, exclusiveMinimum: true },
      { type: 'number', minimum: 1 },
    ],
    ['a list of one for a constant', { const: 'a' }, { type: 'string', enum: ['a'] }],
    ['a constant number in words', { const: 5 }, { type: 'number', description: 'One of [5].' }],
    ['a list of strings', { enum: ['a', 'b'], type: 'string' }, { type: 'string', enum: ['a', 'b'] }],
    [
      'a list of numbers in words',
      { type: 'integer', enum: [1, 2], description: 'Size.' },
      { type: 'integer', description: 'Size. One of [1,2].' },
    ],
    [
      'null in a list as nullable',
      { type: 'string', enum: ['a', null, ''] },
      { type: 'string', nullable: true, enum: ['a'] },
    ],
    [
      'nullable for a type or null',
      { type: ['string', 'null'], minLength: 1 },
      { type: 'string', minLength: 1, nullable: true },
    ],
    [
      'anyOf for several types',
      { type: ['string', 'array'], description: 'D.' },
      {
        anyOf: [
          { type: 'string', description: 'D.' },
          { type: 'array', description: 'D.', items: { type: 'string' } },
        ],
      },
    ],
    [
      'a union without null',
      { anyOf: [{ type: 'number' }, { type: 'null' }], description: 'D.' },
      { type: 'number', description: 'D.', nullable: true },
    ],
    [
      'oneOf as anyOf',
      { oneOf: [{ type: 'number' }, { const: 'auto' }] },
      { anyOf: [{ type: 'number' }, { type: 'string', enum: ['auto'] }] },
    ],
    ['a union of nothing but null', { anyOf: [{ type: 'null' }] }, { type: 'string', nullable: true }],
    [
      'parts that all hold as one',
      {
        allOf: [
          { type: 'object', properties: { a: { type: 'string' } } },
          { properties: { b: { type: 'string' } }, required: ['b'] },
        ],
      },
      { type: 'object', properties: { a: { type: 'string' }, b: { type: 'string' } }, required: ['b'] },
    ],
    ['arrays that say what they hold', { type: 'array' }, { type: 'array', items: { type: 'string' } }],
    [
      'the first of a tuple',
      { type: 'array', prefixItems: [{ type: 'integer' }, { type: 'string' }] },
      { type: 'array', items: { type: 'integer' } },
    ],
    [
      "the first of an older draft's tuple",
      { items: [{ type: 'integer' }] },
      { type: 'array', items: { type: 'integer' } },
    ],
    [
      'only what is there as required',
      { type: 'object', properties: { a: {} }, required: ['a', 'b'] },
      { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] },
    ],
    ['a type where there is none', {}, { type: 'string' }],
    ['a type where anything goes', true, { type: 'string' }],
    ['the type that its properties show', { properties: {} }, { type: 'object', properties: {} }],
  ])('%s', (_, schema, expected) => {
    expect(gemini(schema)).toEqual(expected)
  })

  test('what a reference means, with what is said beside it', () => {
    const $defs = { 'a/b': { type: 'string', description: 'Old.' } }
    expect(gemini({ $ref: '#/$defs/a~1b', description: 'New.' }, { $defs })).toEqual({
      type: 'string',
      description: 'New.',
    })
    expect(gemini({ $ref: '#/definitions/c' }, { definitions: { c: { type: 'integer' } } })).toEqual({
      type: 'integer',
    })
    expect(parameters({ type: 'object', properties: {}, $defs }, 'google')).not.toHaveProperty('$defs')
  })

  test.each([
    '#/$defs/missing',
    'https://example.com/schema.json',
    '#/properties/x',
    '#',
    '#/$defs/__proto__',
  ])('an object for the reference %s that leads nowhere or back', ($ref) => {
    expect(gemini({ $ref })).toMatchObject({ type: 'object' })
  })

  test('recursion down to its first repetition', () => {
    const Node = { type: 'object', properties: { value: { type: 'string' }, next: { $ref: '#/$defs/Node' } } }
    expect(gemini({ $ref: '#/$defs/Node' }, { $defs: { Node } })).toEqual({
      type: 'object',
      properties: { value: { type: 'string' }, next: { type: 'object' } },
    })
  })
})

test('definitions that double with every level are cut off', () => {
  const $defs: Schema = { d40: { type: 'string' } }
  for (let n = 0; n < 40; n++)
    $defs[`d${n}`] = {
      type: 'object',
      properties: { a: { $ref: `#/$defs/d${n + 1}` }, b: { $ref: `#/$defs/d${n + 1}` } },
    }
  const text = JSON.stringify(gemini({ $ref: '#/$defs/d0' }, { $defs }))
  expect(text.length).toBeLessThan(1_000_000)
})

test.each(['google', 'openai', 'anthropic', 'other'] as const)(
  'a depth bomb does no harm at %s',
  (family) => {
    let bomb: Schema = { type: 'object' }
    for (let n = 0; n <= 2000; n++)
      bomb = n % 2 ? { anyOf: [bomb] } : { type: 'object', properties: { a: bomb } }
    expect(toParameters(bomb, family, true).schema).toMatchObject({ type: 'object' })
    expect(toAnswerSchema(bomb, family).schema).toMatchObject({ type: 'object' })
  },
)

describe('strict', () => {
  const closed = {
    type: 'object',
    properties: { a: { type: 'string' } },
    required: ['a'],
    additionalProperties: false,
  }
  const withInner = (inner: Schema): Schema => ({ ...closed, properties: { a: inner } })

  test.each<[string, Schema, boolean]>([
    ['a closed object that requires all it has', closed, true],
    ['an optional property', { ...closed, required: [] }, false],
    ['an open object', { ...closed, additionalProperties: true }, false],
    ['a closed object inside', withInner(closed), true],
    ['an open object inside', withInner({ type: ['object', 'null'], properties: {} }), false],
    ['an open object in a definition', { ...closed, $defs: { X: { type: 'object' } } }, false],
    ['a union of strings', withInner({ anyOf: [{ type: 'string' }, { type: 'null' }] }), true],
    ['a keyword beyond its rules', withInner({ type: 'string', not: { const: '' } }), false],
    ['a list at the root', { type: 'array', items: { type: 'string' } }, false],
  ])('OpenAI is held to the letter by %s only as far as it can be', (_, schema, strict) => {
    expect(toAnswerSchema(schema, 'openai')).toEqual({ schema, strict })
  })

  test('Claude gets closed objects, and bounds in words', () => {
    const schema = {
      type: 'object',
      description: 'D.',
      properties: {
        n: { type: 'integer', minimum: 1, maximum: 9, description: 'Count.' },
        list: {
          type: 'array',
          minItems: 1,
          maxItems: 3,
          items: { type: 'object', properties: { s: { type: 'string', minLength: 2 } } },
        },
        many: { type: 'array', minItems: 2, items: { type: 'string' } },
        minimum: { type: 'string' },
      },
    }
    expect(toAnswerSchema(deepFreeze(schema), 'anthropic')).toEqual({
      strict: true,
      schema: {
        type: 'object',
        description: 'D.',
        properties: {
          n: { type: 'integer', description: 'Count. (minimum: 1, maximum: 9)' },
          list: {
            type: 'array',
            minItems: 1,
            description: '(maxItems: 3)',
            items: {
              type: 'object',
              properties: { s: { type: 'string', description: '(minLength: 2)' } },
              additionalProperties: false,
            },
          },
          many: { type: 'array', description: '(minItems: 2)', items: { type: 'string' } },
          minimum: { type: 'string' },
        },
        additionalProperties: false,
      },
    })
  })

  test("Claude's tools that are not strict stay as they are", () => {
    const schema = { type: 'object', properties: { n: { type: 'integer', minimum: 1 } } }
    expect(toParameters(schema, 'anthropic', false)).toEqual({ schema, strict: false })
  })
})

test("an answer's schema may have any root", () => {
  const list = { type: 'array', items: { type: 'string' } }
  expect(toAnswerSchema(list, 'other').schema).toEqual(list)
  expect(toAnswerSchema(list, 'google').schema).toEqual(list)
})

const GEMINI_KEYWORDS = new Set([
  'type',
  'title',
  'description',
  'nullable',
  'format',
  'enum',
  'items',
  'properties',
  'required',
  'anyOf',
  'minimum',
  'maximum',
  'minItems',
  'maxItems',
  'minLength',
  'maxLength',
  'minProperties',
  'maxProperties',
  'pattern',
])

const leaf = fc.record(
  {
    type: fc.oneof(fc.constantFrom('string', 'integer', 'null'), fc.constant(['string', 'null'])),
    enum: fc.array(fc.oneof(fc.string(), fc.integer(), fc.constant(null)), { maxLength: 3 }),
    const: fc.oneof(fc.string(), fc.boolean()),
    $ref: fc.constantFrom('#', '#/properties/a', '#/items', '#/none'),
    format: fc.constantFrom('uri', 'date-time'),
    exclusiveMinimum: fc.oneof(fc.integer(), fc.boolean()),
  },
  { requiredKeys: [] },
)

const { schema: anySchema } = fc.letrec<{ schema: Schema }>((tie) => ({
  schema: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc.record(
      {
        type: fc.constantFrom('object', 'array', ['object', 'array']),
        properties: fc.dictionary(fc.constantFrom('type', 'a', 'enum', '$ref'), tie('schema'), {
          maxKeys: 3,
        }),
        required: fc.array(fc.constantFrom('a', 'b')),
        items: tie('schema'),
        anyOf: fc.array(tie('schema'), { maxLength: 2 }),
        allOf: fc.array(tie('schema'), { maxLength: 2 }),
        additionalProperties: fc.boolean(),
      },
      { requiredKeys: [] },
    ),
  ),
}))

function checkGemini(schema: Schema): void {
  for (const keyword of Object.keys(schema)) expect(GEMINI_KEYWORDS).toContain(keyword)
  if (schema['anyOf']) for (const inner of schema['anyOf'] as Schema[]) checkGemini(inner)
  else expect(schema['type']).toBeString()
  if (schema['type'] === 'array') checkGemini(schema['items'] as Schema)
  const properties = (schema['properties'] ?? {}) as Schema
  for (const inner of Object.values(properties)) checkGemini(inner as Schema)
  for (const name of (schema['required'] ?? []) as string[]) expect(Object.keys(properties)).toContain(name)
}

test('whatever the schema, Gemini gets only what it knows, and the client keeps its own', () => {
  fc.assert(
    fc.property(anySchema, (schema) => checkGemini(parameters(schema, 'google'))),
    { numRuns: 300 },
  )
})
