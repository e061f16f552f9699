import { describe, expect, test } from 'bun:test'

import fc from 'fast-check'
import { Compile } from 'typebox/schema'

import { checkValue } from '../../../src/translate/structured/check-value.ts'

const problems = (value: unknown, schema: unknown): readonly string[] =>
  checkValue(value, schema).problems.map(({ path, message }) => `${path}: ${message}`)

function pair([name, rule]: readonly [string, unknown]): Record<string, unknown> {
  return { [name]: rule }
}

/** An object with a literal `then` looks like a promise. */
function conditional(rule: unknown, branches: readonly unknown[]): Record<string, unknown> {
  const names = ['then', 'else']
  return { if: rule, ...Object.fromEntries(names.map((name, index) => [name, branches[index]])) }
}

/** Schemas over few names and values, so that many of them fit. */
const { schema: anySchema } = fc.letrec<{ schema: any; value: any }>((tie) => {
  const name = fc.constantFrom('a', 'b', 'x-c')
  const small = fc.integer({ min: 0, max: 3 })
  const leaf = fc.constantFrom(0, 1, 2.5, 'a', 'ab', '', true, null, [], {}, [1], { a: 1 })
  const inner = tie('schema')
  const list = fc.array(inner, { minLength: 1, maxLength: 2 })
  const named = fc.dictionary(name, inner, { maxKeys: 2 })
  const type = fc.constantFrom('null', 'boolean', 'number', 'integer', 'string', 'array', 'object')
  const keyword = fc.oneof(
    type.map((rule) => ({ type: rule })),
    fc.uniqueArray(type, { minLength: 1, maxLength: 3 }).map((rule) => ({ type: rule })),
    fc.array(leaf, { minLength: 1, maxLength: 3 }).map((rule) => ({ enum: rule })),
    leaf.map((rule) => ({ const: rule })),
    fc.tuple(fc.constantFrom('minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'), small).map(pair),
    fc.tuple(fc.constantFrom('minLength', 'maxLength', 'minItems', 'maxItems'), small).map(pair),
    fc.tuple(fc.constantFrom('minProperties', 'maxProperties'), small).map(pair),
    fc.constantFrom({ multipleOf: 2 }, { multipleOf: 0.5 }, { uniqueItems: true }),
    fc.constantFrom('^a', 'b$', '^[a-b]+$').map((rule) => ({ pattern: rule })),
    named.map((rule) => ({ properties: rule })),
    inner.map((rule) => ({ patternProperties: { '^x-': rule } })),
    inner.map((rule) => ({ additionalProperties: rule })),
    fc.constantFrom({ additionalProperties: false }, { propertyNames: { maxLength: 1 } }),
    fc.uniqueArray(name, { maxLength: 2 }).map((rule) => ({ required: rule })),
    name.map((rule) => ({ dependentRequired: { a: [rule] } })),
    inner.map((rule) => ({ dependentSchemas: { a: rule } })),
    inner.map((rule) => ({ items: rule })),
    list.map((rule) => ({ prefixItems: rule })),
    fc.tuple(inner, small, small).map(([rule, least, more]) => ({
      contains: rule,
      minContains: least,
      maxContains: least + more,
    })),
    list.map((rule) => ({ allOf: rule })),
    list.map((rule) => ({ anyOf: rule })),
    list.map((rule) => ({ oneOf: rule })),
    inner.map((rule) => ({ not: rule })),
    fc.tuple(inner, inner, inner).map(([rule, ...branches]) => conditional(rule, branches)),
    fc.constant({ $ref: '#/$defs/node' }),
  )
  return {
    schema: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.boolean(),
      fc.array(keyword, { minLength: 1, maxLength: 3 }).map((parts) => Object.assign({}, ...parts)),
    ),
    value: fc.constant(null),
  }
})

const NODE = {
  type: ['object', 'array', 'string', 'number'],
  properties: { a: { $ref: '#/$defs/node' } },
  items: { $ref: '#/$defs/node' },
}

const { value: anyValue } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', maxDepth: 3 },
    fc.constantFrom(0, 1, 2, 2.5, -1, 'a', 'ab', 'b', '', true, false, null),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'b', 'x-c', 'd'), tie('value'), { maxKeys: 3 }),
  ),
}))

describe('checkValue', () => {
  test('agrees with an established validator', () => {
    let fitting = 0
    fc.assert(
      fc.property(anySchema, fc.array(anyValue, { minLength: 5, maxLength: 5 }), (part, values) => {
        const schema = { allOf: [part], $defs: { node: NODE } }
        const oracle = Compile(schema)
        for (const value of values) {
          const { problems: found, complete } = checkValue(value, schema)
          expect(complete).toBe(true)
          const fits = oracle.Check(value)
          if (fits) fitting++
          expect([JSON.stringify(value), found.length === 0]).toEqual([JSON.stringify(value), fits])
        }
      }),
      { numRuns: 3000 },
    )
    expect(fitting).toBeGreaterThan(1000)
  })
})

describe('the problems that checkValue tells', () => {
  test.each<[unknown, unknown, readonly string[]]>([
    ['a', { type: 'integer' }, [': must be integer, but is "a"']],
    [{}, { type: ['string', 'null'] }, [': must be string or null, but is an object']],
    ['c', { enum: ['a', 'b'] }, [': must be one of "a", "b", but is "c"']],
    [2, { const: 1 }, [': must be 1, but is 2']],
    [1, { minimum: 2 }, [': must be at least 2, but is 1']],
    ['😀😀', { maxLength: 1 }, [': must have at most 1 characters, but has 2']],
    [[1], { minItems: 2 }, [': must have at least 2 items, but has 1']],
    [0.35, { multipleOf: 0.1 }, [': must be a multiple of 0.1, but is 0.35']],
    ['x'.repeat(100), { pattern: '^y' }, [`: must match the pattern ^y, but is "${'x'.repeat(60)}…"`]],
    [[1, 1], { uniqueItems: true }, [': has the same item more than once']],
    [
      { 'a/b': [{}] },
      { properties: { 'a/b': { items: { required: ['c'] } } } },
      ['/a~1b/0/c: is required, but missing'],
    ],
    [{ b: 1 }, { additionalProperties: false }, ['/b: is not allowed']],
    [
      { ab: 1 },
      { propertyNames: { maxLength: 1 } },
      ['/ab: its name must have at most 1 characters, but has 2'],
    ],
    [
      { kind: 'b', b: 'x' },
      {
        anyOf: [
          { properties: { kind: { const: 'a' } }, required: ['a'] },
          { properties: { kind: { const: 'b' }, b: { type: 'number' } } },
        ],
      },
      [
        ': fits none of the 2 alternatives; what keeps it from the nearest one follows',
        '/b: must be number, but is "x"',
      ],
    ],
    [
      1,
      { oneOf: [{ type: 'number' }, { minimum: 0 }] },
      [': must fit exactly one of 2 alternatives, but fits 2'],
    ],
    [1, { not: { type: 'number' } }, [': has a form that is excluded (`not`)']],
    [[1], { contains: { type: 'string' } }, [': has 0 items of the form that is counted (`contains`)']],
  ])('of %j by %j', (value, schema, expected) => {
    expect(problems(value, schema)).toEqual([...expected])
  })

  test('are at most twenty', () => {
    expect(
      problems(
        Array.from({ length: 100 }, () => 'a'),
        { items: { type: 'number' } },
      ),
    ).toHaveLength(20)
  })
})

describe('checkValue', () => {
  test.each([
    ['date', '2024-02-29', '2023-02-29'],
    ['date', '0001-01-01', '2023-13-01'],
    ['time', '23:59:60Z', '24:00:00Z'],
    ['date-time', '2026-11-22T10:00:00.5+01:00', '2026-11-22'],
    ['duration', 'P1Y2M3DT4H5M6S', 'P1H'],
    ['duration', 'P2W', 'P'],
    ['email', 'a.b@example.org', 'example.org'],
    ['hostname', 'a-b.example.org', '-a.org'],
    ['uri', 'https://example.org/a?b#c', '/a/b'],
    ['uri', 'urn:isbn:1', 'http://a b'],
    ['ipv4', '10.0.0.255', '10.0.0.256'],
    ['ipv6', '2001:db8::1', '2001:db8:::1'],
    ['uuid', '123e4567-e89b-12d3-a456-426614174000', '123e4567'],
  ])('knows the format %s: %s, but not %s', (format, right, wrong) => {
    expect(problems(right, { format })).toEqual([])
    expect(problems(wrong, { format })).toHaveLength(1)
  })

  test.each([
    ['a format of its own', 'x', { format: 'zip-code' }],
    ['a type that there is not', 1, { type: 'strng' }],
    ['a rule of the wrong kind', {}, { required: true, properties: 5, minimum: 'a', enum: 1, anyOf: {} }],
    ['a pattern that cannot be told', 'b', { pattern: '(?=a)' }],
    ['a reference to another document', 1, { $ref: 'https://example.org/schema' }],
    ['a reference to nowhere', 1, { $ref: '#/$defs/none' }],
    ['a schema that is none', 1, null],
  ])('asks for nothing by %s', (_what, value, schema) => {
    expect(checkValue(value, schema)).toEqual({ problems: [], complete: true })
  })

  test.each([
    [
      'by its name',
      {
        $id: 'https://example.org/s',
        $defs: { a: { type: 'null' } },
        $ref: 'https://example.org/s#/$defs/a',
      },
    ],
    ['as a whole', { $id: 'https://example.org/s#', type: 'null', items: { $ref: 'https://example.org/s' } }],
    ['with escapes', { $defs: { 'List<a/b>': { type: 'null' } }, $ref: '#/$defs/List%3Ca~1b%3E' }],
  ])('follows a reference to its own document %s', (_what, schema) => {
    expect(problems(1, schema)).toHaveLength(1)
  })

  test('knows lists as older drafts write them', () => {
    const schema = { items: [{ type: 'string' }], additionalItems: { type: 'number' } }
    expect(problems(['a', 1], schema)).toEqual([])
    expect(problems([1, 'a'], schema)).toHaveLength(2)
  })

  test.each([
    ['doubles at each reference', 1, doubling(40)],
    ['refers to itself', 1, { $ref: '#' }],
    ['goes too deep with its value', nested(60_000), { items: { $ref: '#' } }],
  ])('gives up, in time, on a schema that %s', (_what, value, schema) => {
    const startedAtMs = performance.now()
    expect(checkValue(value, schema)).toEqual({ problems: [], complete: false })
    expect(performance.now() - startedAtMs).toBeLessThan(2000)
  })
})

function doubling(depth: number): object {
  const $defs: Record<string, object> = { [`a${depth}`]: { type: 'string' } }
  for (let n = 0; n < depth; n++) {
    const next = { $ref: `#/$defs/a${n + 1}` }
    $defs[`a${n}`] = { anyOf: [next, next] }
  }
  return { $defs, $ref: '#/$defs/a0' }
}

function nested(depth: number): unknown {
  return JSON.parse('['.repeat(depth) + ']'.repeat(depth))
}
