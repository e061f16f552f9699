import { expect, test } from 'bun:test'

import fc from 'fast-check'

import type { Operation, ValidationOptions } from '../../src/messages/validation/subject.ts'
import { CountTokensRequest, MessagesRequest } from '../../src/wire/anthropic/request.ts'
import { call, document, failureOf, image, MARKED, PLAIN, result, text, tool } from './validation/bodies.ts'

const anyOptions: fc.Arbitrary<ValidationOptions<Operation>> = fc.record({
  version: fc.constantFrom('2023-06-01' as const, '2026-10-21' as const),
  betas: fc.constantFrom([], ['interleaved-thinking-2025-05-14']),
  strict: fc.boolean(),
  operation: fc.constantFrom('create' as const, 'count_tokens' as const),
})

/** `failureOf` lets anything but a `Failure` fly, which is what these tests are for. */
const isToldPlainly = (body: unknown, options: ValidationOptions<Operation>): void => {
  const failure = failureOf(body, options)
  if (failure) expect(failure.message).not.toBe('')
}

test('no JSON value makes it throw anything but a Failure', () => {
  fc.assert(fc.property(fc.jsonValue(), anyOptions, isToldPlainly), { numRuns: 500 })
})

const FIELDS = [
  ...new Set([MessagesRequest, CountTokensRequest].flatMap(({ properties }) => Object.keys(properties))),
]
const WORDS = ['user', 'assistant', 'system', 'text', 'base64', 'url', 'enabled', 'custom', 'tool', 't1', '']

/** Values that look like parts of a request, wrong in all sorts of places. */
const { part } = fc.letrec((tie) => ({
  part: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom<unknown>(null, true, 0, 1, 1.5, 5000, ...WORDS),
    fc.constantFrom<unknown>(text('a'), image(), result('t1'), tool(), {
      type: 'tool_use',
      id: 't1',
      name: 'a',
      input: {},
    }),
    fc.array(tie('part'), { maxLength: 3 }),
    fc.dictionary(
      fc.constantFrom(
        'type',
        'role',
        'content',
        'source',
        'text',
        'id',
        'name',
        'input_schema',
        'citations',
        'format',
      ),
      tie('part'),
      { maxKeys: 4 },
    ),
  ),
}))

const anyMessage = fc.record({ role: fc.constantFrom('user', 'assistant', 'system'), content: part })
const anyRequest = fc
  .tuple(
    fc.array(fc.oneof(anyMessage, part), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom(...FIELDS), part),
  )
  .map(([messages, fields]) => ({ model: 'm', max_tokens: 10, messages, ...fields }))

test('no half-right request makes it throw anything but a Failure', () => {
  fc.assert(fc.property(anyRequest, anyOptions, isToldPlainly), { numRuns: 3000 })
})

const ID = fc.constantFrom('t1', 't2', 't3')
const anyBlock = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constantFrom<object>(text('a'), text('b', MARKED), text('c '), text(''), text(' ')),
  },
  { weight: 3, arbitrary: ID.map((id) => call(id)) },
  { weight: 3, arbitrary: ID.map((id) => result(id)) },
  fc.constantFrom<object>(
    image(),
    image('image/gif'),
    document(PLAIN, { citations: { enabled: true } }),
    document({ type: 'file', file_id: 'f' }),
    result('t1', { content: [text('', MARKED), image()] }),
    { type: 'thinking', thinking: 'a', signature: 'b' },
    { type: 'server_tool_use', id: 's', name: 'web_search', input: {} },
    { type: 'container_upload', file_id: 'f' },
  ),
)
const anyTurn = fc.record({
  role: fc.constantFrom('user', 'assistant', 'user', 'assistant', 'system'),
  content: fc.oneof(fc.constantFrom('a', '', ' '), fc.array(anyBlock, { maxLength: 3 })),
})
const anyChoice = fc.constantFrom({ type: 'auto' }, { type: 'any' }, { type: 'tool', name: 'Read' })
const schema = { type: 'object', additionalProperties: false }
const wellFormed = fc.record(
  {
    model: fc.constant('m'),
    max_tokens: fc.constantFrom(0, 10, 5000),
    messages: fc
      .array(anyTurn, { minLength: 1, maxLength: 5 })
      .map((turns) => [{ role: 'user', content: 'a' }, ...turns]),
    tools: fc.array(fc.constantFrom(tool(), tool('b', { defer_loading: true }), tool('c', { x: 1 })), {
      maxLength: 3,
    }),
    tool_choice: anyChoice,
    thinking: fc.constantFrom({ type: 'enabled', budget_tokens: 2000 }, { type: 'adaptive' }),
    output_config: fc.constantFrom({ effort: 'low' }, { format: { type: 'json_schema', schema } }),
    temperature: fc.constantFrom(0, 1),
    stream: fc.boolean(),
    cache_control: fc.constant(MARKED.cache_control),
  },
  { requiredKeys: ['model', 'max_tokens', 'messages'] },
)

test('what strict validation accepts, lenient validation accepts', () => {
  const verdicts = { accepted: 0, refused: 0 }
  fc.assert(
    fc.property(wellFormed, anyOptions, (body, options) => {
      isToldPlainly(body, options)
      if (failureOf(body, { ...options, strict: true })) return void verdicts.refused++
      verdicts.accepted++
      expect(failureOf(body, { ...options, strict: false })).toBeUndefined()
    }),
    { numRuns: 3000 },
  )
  expect(Math.min(verdicts.accepted, verdicts.refused)).toBeGreaterThan(0)
})

const nest = (depth: number, wrap: (inner: unknown) => unknown): unknown => {
  let value: unknown = {}
  for (let n = 0; n < depth; n++) value = wrap(value)
  return value
}

test.each<[string, (deep: unknown) => unknown]>([
  ['the body', (deep) => deep],
  ['content', (deep) => ({ model: 'm', max_tokens: 1, messages: [{ role: 'user', content: deep }] })],
  [
    'a block type',
    (deep) => ({ model: 'm', max_tokens: 1, messages: [{ role: 'user', content: [{ type: deep }] }] }),
  ],
  [
    'an input schema',
    (deep) => ({
      model: 'm',
      max_tokens: 1,
      messages: [{ role: 'user', content: 'a' }],
      tools: [{ name: 'a', input_schema: { type: 'object', items: deep } }],
    }),
  ],
  [
    'an unknown field',
    (deep) => ({ model: 'm', max_tokens: 1, messages: [{ role: 'user', content: 'a' }], deep }),
  ],
])('depth is no danger in %s', (_, place) => {
  for (const strict of [true, false]) {
    const options = { version: '2023-06-01', betas: [], strict, operation: 'create' } as const
    isToldPlainly(place(nest(50_000, (inner) => [inner])), options)
    isToldPlainly(place(nest(50_000, (items) => ({ items }))), options)
  }
})
