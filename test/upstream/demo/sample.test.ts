import { describe, expect, test } from 'bun:test'

import { sampleOf } from '../../../src/upstream/demo/sample.ts'

describe('sampleOf', () => {
  test('fills in required members only', () => {
    const schema = {
      type: 'object',
      properties: { path: { type: 'string' }, limit: { type: 'integer' }, deep: { type: 'boolean' } },
      required: ['path', 'deep'],
    }
    expect(sampleOf(schema)).toEqual({ path: 'demo', deep: true })
  })

  test.each([
    [{ enum: ['b', 'c'] }, 'b'],
    [{ const: 7 }, 7],
    [{ type: 'string', default: 'd' }, 'd'],
    [{ type: 'string', minLength: 6 }, 'demo..'],
    [{ type: 'string', maxLength: 2 }, 'de'],
    [{ type: 'string', format: 'uri' }, 'https://example.com/'],
    [{ type: 'integer', exclusiveMinimum: 2 }, 3],
    [{ type: 'number', exclusiveMinimum: 0, exclusiveMaximum: 1 }, 0.5],
    [{ type: 'integer', minimum: 7, multipleOf: 5 }, 10],
    [{ type: 'number', maximum: -4 }, -4],
    [{ type: ['string', 'null'] }, 'demo'],
    [{ type: 'array', minItems: 2, items: { type: 'null' } }, [null, null]],
    [{ type: 'array', items: { type: 'string' } }, []],
    [{ anyOf: [{ type: 'integer' }, { type: 'string' }] }, 0],
    [{ $ref: '#/$defs/a~1b', $defs: { 'a/b': { enum: ['found'] } } }, 'found'],
    [true, null],
    [undefined, null],
  ])('makes %j into %j', (schema, value) => {
    expect(sampleOf(schema)).toEqual(value)
  })

  test('puts the parts of allOf together and follows their references', () => {
    const schema = {
      $defs: { named: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] } },
      allOf: [
        { $ref: '#/$defs/named' },
        { type: 'object', properties: { size: { type: 'integer' } }, required: ['size'] },
      ],
    }
    expect(sampleOf(schema)).toEqual({ name: 'demo', size: 0 })
  })

  test('ends with a schema that requires itself', () => {
    const node = {
      type: 'object',
      properties: { left: { $ref: '#' }, right: { $ref: '#' } },
      required: ['left', 'right'],
    }
    expect(JSON.stringify(sampleOf(node)).length).toBeLessThan(100_000)
  })

  test('bounds the items and characters that a schema can ask for', () => {
    expect((sampleOf({ type: 'array', minItems: 1e9, items: {} }) as unknown[]).length).toBeLessThan(10_000)
    expect((sampleOf({ type: 'string', minLength: 1e9 }) as string).length).toBeLessThan(10_000)
  })
})
