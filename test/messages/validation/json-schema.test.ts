import { expect, test } from 'bun:test'

import { findSchemaFault } from '../../../src/messages/validation/json-schema.ts'

const nested = (keyword: string, depth: number): object => {
  let schema: object = { type: 'string' }
  for (let n = 0; n < depth; n++) schema = { [keyword]: schema }
  return schema
}

test.each([
  ['a boolean', true],
  ['an empty object', {}],
  ['unknown keywords', { nullable: true, 'x-note': [] }],
  ['properties named like keywords', { properties: { type: { type: 'string' }, items: { type: 'number' } } }],
  ['several types', { type: ['string', 'null'] }],
  ['bounds', { minimum: 0, exclusiveMaximum: 10, multipleOf: 0.5, minItems: 0, maxLength: 3 }],
  ['references', { $ref: '#/$defs/a', $defs: { a: { type: 'string' } } }],
  ['a boolean schema inside', { properties: { a: true }, additionalProperties: false }],
  ['conditions', { if: {}, else: {}, dependentRequired: { a: ['b'] } }],
  ['some depth', nested('items', 100)],
])('%s is a good schema', (_, schema) => {
  expect(findSchemaFault(schema)).toBeUndefined()
})

test.each<[string, unknown, string]>([
  ['a number instead of a schema', 5, ''],
  ['hostile depth', nested('items', 50_000), '/items'.repeat(201)],
  ['an unknown type', { type: 'any' }, '/type'],
  ['no type at all', { type: [] }, '/type'],
  ['a type twice', { type: ['string', 'string'] }, '/type'],
  ['the items list of older drafts', { items: [{ type: 'string' }] }, '/items'],
  ['the required flag of older drafts', { properties: { a: { required: true } } }, '/properties/a/required'],
  ['the exclusiveMinimum flag of older drafts', { exclusiveMinimum: true }, '/exclusiveMinimum'],
  [
    'a description that is no text',
    { properties: { a: { description: null } } },
    '/properties/a/description',
  ],
  ['an empty anyOf', { anyOf: [] }, '/anyOf'],
  ['a number among the alternatives', { anyOf: [{ type: 'string' }, 3] }, '/anyOf/1'],
  ['a negative length', { minLength: -1 }, '/minLength'],
  ['properties as a list', { properties: [] }, '/properties'],
  ['a property that is no schema', { properties: { a: 'string' } }, '/properties/a'],
  ['an enum that is no list', { enum: 'a' }, '/enum'],
  ['a step of zero', { multipleOf: 0 }, '/multipleOf'],
])('%s is named as the fault', (_, schema, pointer) => {
  expect(findSchemaFault(schema)).toBe(pointer)
})

test("a rule of the caller's is asked of every schema inside", () => {
  const seen: unknown[] = []
  const a = { items: {} }
  const alternative = { type: 'string' }
  const schema = { properties: { a }, anyOf: [alternative, true], default: { properties: {} } }
  expect(findSchemaFault(schema, (inner) => seen.push(inner) > 99)).toBeUndefined()
  expect(seen).toEqual([schema, a, {}, alternative])
  expect(findSchemaFault(schema, (inner) => inner === alternative)).toBe('/anyOf/0')
})
