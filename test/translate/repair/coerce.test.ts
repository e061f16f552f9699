import { describe, expect, test } from 'bun:test'

import fc from 'fast-check'

import { coerce, type Coerced } from '../../../src/translate/repair/coerce.ts'
import type { Schema } from '../../../src/translate/subschemas.ts'
import { deepFreeze } from '../../support/freeze.ts'
import { anySample } from './schemas.ts'

const repair = (schema: Schema, value: unknown, source = JSON.stringify(value)): Coerced =>
  coerce(deepFreeze(value), deepFreeze(schema), schema, source)

const string = { type: 'string' }
const integer = { type: 'integer' }
const list = (items: Schema) => ({ type: 'array', items })
const object = (properties: Schema, required: readonly string[] = []) => ({
  type: 'object',
  properties,
  required,
})

test('a value that fits its schema is never touched', () => {
  fc.assert(
    fc.property(anySample, ({ schema, value }) => {
      const { value: same, kinds } = repair(schema, value)
      expect(same).toBe(value)
      expect(kinds).toEqual([])
    }),
    { numRuns: 2000 },
  )
})

test('what comes out for any value fits better or is the value', () => {
  fc.assert(
    fc.property(anySample, anySample, ({ schema }, { value }) => {
      const { value: meant, kinds } = repair(schema, value)
      expect(kinds.length > 0).toBe(meant !== value)
      expect(repair(schema, meant).value).toEqual(meant)
    }),
    { numRuns: 2000 },
  )
})

describe('repaired is', () => {
  test.each<[Schema, unknown, unknown, string[]]>([
    [integer, '5', 5, ['number']],
    [{ type: 'number' }, '-0.5e3', -500, ['number']],
    [{ type: 'boolean' }, 'true', true, ['boolean']],
    [{ type: 'boolean' }, 'False', false, ['boolean']],
    [string, 5, '5', ['string']],
    [list(string), '["a","b"]', ['a', 'b'], ['encoded']],
    [list(string), "['a', 'b']", ['a', 'b'], ['encoded']],
    [list(integer), '["1"]', [1], ['encoded', 'number']],
    [object({ a: integer }), '{"a":"1"}', { a: 1 }, ['encoded', 'number']],
    [list(string), 'a b', ['a b'], ['array']],
    [list(integer), '5', [5], ['array', 'number']],
    [list(object({ a: string }, ['a'])), { a: 'x' }, [{ a: 'x' }], ['array']],
    [object({ a: string, b: integer }), { a: null, b: 1 }, { b: 1 }, ['null']],
    [{ enum: ['Red', 'Blue'] }, 'red', 'Red', ['enum']],
    [{ const: 'Red' }, 'RED', 'Red', ['enum']],
    [object({ file_path: string }, ['file_path']), { filePath: 'x' }, { file_path: 'x' }, ['name']],
    [object({ id: integer }, ['id']), { ID: '7' }, { id: 7 }, ['name', 'number']],
    [{ type: ['integer', 'null'] }, '5', 5, ['number']],
    [{ anyOf: [integer, { type: 'boolean' }] }, 'true', true, ['boolean']],
    [
      { anyOf: [object({ kind: { const: 'a' }, n: integer }), object({ kind: { const: 'b' } })] },
      { kind: 'a', n: '5' },
      { kind: 'a', n: 5 },
      ['number'],
    ],
    [
      { allOf: [object({ a: integer }), object({ b: integer })] },
      { a: '1', b: '2' },
      { a: 1, b: 2 },
      ['number', 'number'],
    ],
    [{ type: 'array', prefixItems: [integer], items: string }, ['1', 2], [1, '2'], ['number', 'string']],
    [{ type: 'object', additionalProperties: integer }, { a: '1' }, { a: 1 }, ['number']],
    [object({ a: integer, b: { type: 'boolean' } }), { a: 'x', b: 'true' }, { a: 'x', b: true }, ['boolean']],
  ])('by %j the value %j', (schema, value, meant, kinds) => {
    expect(repair(schema, value)).toEqual({ value: meant, kinds: kinds as Coerced['kinds'] })
  })

  test('names, where what is required is no name', () => {
    const odd = { ...object({ filePath: string }), required: ['filePath', { constructor: 'x' }, null, 7] }
    expect(repair(odd, { file_path: 'a' })).toEqual({ value: { filePath: 'a' }, kinds: ['name'] })
    expect(repair({ ...odd, required: [{ a: 1 }] }, { b: 'a' }).value).toEqual({ b: 'a' })
  })

  test('what stands behind a reference, as deep as it goes', () => {
    const node = object({ v: integer, kids: list({ $ref: '#/$defs/node' }) })
    const schema = { $ref: '#/$defs/node', $defs: { node } }
    const { value } = repair(schema, { v: '1', kids: [{ v: '2', kids: [{ v: 3 }] }] })
    expect(value).toEqual({ v: 1, kids: [{ v: 2, kids: [{ v: 3 }] }] })
  })

  test('a number to the string that the model wrote', () => {
    expect(repair(string, 1.1, '"version": 1.10').value).toBe('1.10')
    expect(repair(string, 1, '"version": 1.0').value).toBe('1.0')
  })
})

describe('left alone is', () => {
  test.each<[Schema, unknown]>([
    [integer, '5.5'],
    [integer, '12345678901234567890'],
    [integer, ' 5'],
    [integer, '007'],
    [integer, ''],
    [integer, 5.5],
    [{ type: 'boolean' }, 1],
    [{ type: 'boolean' }, 'yes'],
    [string, true],
    [string, null],
    [string, { a: 1 }],
    [list(string), 'a, b'],
    [list(string), ''],
    [list(string), '[a'],
    [list(string), null],
    [list(integer), 'a'],
    [{ type: 'array' }, 'a'],
    [object({}), 'a'],
    [{ enum: ['Red', 'RED'] }, 'red'],
    [{ enum: ['Red'] }, 're'],
    [{ type: ['number', 'array'], items: { type: 'number' } }, '5'],
    [{ anyOf: [object({ n: integer }, ['n']), object({ N: integer }, ['N'])] }, { n: 'x' }],
    [object({ a: string }, ['a']), { a: null }],
    [object({ a: { type: 'string', nullable: true } }), { a: null }],
    [object({ file_path: string, filepath: string }, ['file_path', 'filepath']), { filePath: 'x' }],
    [object({ file_path: string }, ['file_path']), { filePath: 'x', FilePath: 'y' }],
    [object({ file_path: string }), { filePath: 'x' }],
    [{ ...object({ a: string }), additionalProperties: false }, { b: 1 }],
    [{ $ref: '#/nowhere' }, 5],
    [{ type: 'unheard-of' }, 5],
  ])('by %j the value %j', (schema, value) => {
    const { value: same, kinds } = repair(schema, value)
    expect(same).toBe(value)
    expect(kinds).toEqual([])
  })

  test('a number that was written in two ways', () => {
    expect(repair(list(string), [1, 1], '"a": [1, 1.0]').value).toEqual([1, 1])
  })

  test('whatever would take too long', () => {
    const tangle = {
      $ref: '#/$defs/t',
      $defs: { t: { anyOf: [{ $ref: '#/$defs/t' }, { $ref: '#/$defs/t' }, integer] } },
    }
    expect(repair(tangle, 'x').value).toBe('x')
    const many = Array.from({ length: 5000 }, String)
    expect(repair(list(integer), many).value).toBe(many)
  })
})
