import { describe, expect, test } from 'bun:test'

import fc from 'fast-check'

import { createTokenCounter } from '../../src/tokens/counter.ts'
import type { ContentBlock } from '../../src/wire/anthropic/content.ts'
import type { CountTokensRequest, Message } from '../../src/wire/anthropic/request.ts'
import type { Tool } from '../../src/wire/anthropic/tools.ts'

const MODELS = ['claude-sonnet-4', 'claude-opus-5', 'openai/gpt-5', 'deepseek/deepseek-v3'] as const

const ask = (content: string): CountTokensRequest => ({ model: 'm', messages: [{ role: 'user', content }] })

const WEATHER: Tool = {
  name: 'get_weather',
  description: 'Get the current weather in a given location',
  input_schema: {
    type: 'object',
    properties: { location: { type: 'string', description: 'The city and state, e.g. San Francisco, CA' } },
    required: ['location'],
  },
}

describe('count', () => {
  const counter = createTokenCounter()

  test('comes near the figures of the vendor, from above', async () => {
    const hello = { ...ask('Hello, Claude'), system: 'You are a scientist' }
    expect(await counter.count(hello, 'claude-sonnet-4')).toBeWithin(14, 18)
    expect(await counter.count(ask('a'), 'claude-sonnet-4')).toBeWithin(8, 11)
    const weather = { ...ask("What's the weather like in San Francisco?"), tools: [WEATHER] }
    expect(await counter.count(weather, 'claude-sonnet-4')).toBeWithin(403, 445)
  })

  test('says an integer of at least 1 for the emptiest prompt of any model', async () => {
    for (const model of ['', ...MODELS]) {
      const tokens = await counter.count({ model, messages: [] }, model)
      expect(tokens).toBeGreaterThanOrEqual(1)
      expect(tokens).toBeInteger()
    }
  })

  test('counts more for a model whose tokenizer is finer', async () => {
    const text = ask('The quick brown fox jumps over the lazy dog. '.repeat(50))
    expect(await counter.count(text, 'claude-opus-5')).toBeGreaterThan(
      await counter.count(text, 'claude-opus-4-5'),
    )
  })

  const text = fc.string({ unit: 'grapheme', maxLength: 60 })
  const block: fc.Arbitrary<ContentBlock> = fc.oneof(
    text.map((value): ContentBlock => ({ type: 'text', text: value })),
    text.map((value): ContentBlock => ({ type: 'thinking', thinking: value })),
    text.map((value): ContentBlock => ({ type: 'tool_use', id: 't', name: 'Read', input: { value } })),
    text.map((value): ContentBlock => ({ type: 'tool_result', tool_use_id: 't', content: value })),
  )
  const message: fc.Arbitrary<Message> = fc.record({
    role: fc.constantFrom('user' as const, 'assistant' as const),
    content: fc.oneof(text, fc.array(block, { maxLength: 4 })),
  })
  const request = fc
    .record({
      messages: fc.array(message, { maxLength: 4 }),
      system: fc.option(text),
      tools: fc.option(fc.array(fc.constant(WEATHER), { maxLength: 2 })),
    })
    .map((prompt): CountTokensRequest => ({ model: 'm', ...prompt }))

  const user = (added: ContentBlock): Message => ({ role: 'user', content: [added] })
  const saying = (before: CountTokensRequest, added: ContentBlock): CountTokensRequest => ({
    ...before,
    messages: [...before.messages, user(added)],
  })
  const asText = (system: CountTokensRequest['system']): string => (typeof system === 'string' ? system : '')
  const image: ContentBlock = { type: 'image', source: { type: 'url', url: 'https://example.com/a.png' } }

  const larger: ReadonlyArray<readonly [string, (before: CountTokensRequest) => CountTokensRequest]> = [
    ['text', (before) => saying(before, { type: 'text', text: 'and one more thing' })],
    ['system', (before) => ({ ...before, system: `${asText(before.system)} You are kind and brief.` })],
    ['tools', (before) => ({ ...before, tools: [...(before.tools ?? []), { ...WEATHER, name: 'more' }] })],
    ['images', (before) => saying(before, image)],
    [
      'images in a tool result',
      (before) => saying(before, { type: 'tool_result', tool_use_id: 't', content: [image] }),
    ],
    [
      'documents',
      (before) => saying(before, { type: 'document', source: { type: 'content', content: 'a page' } }),
    ],
    ['tool calls', (before) => saying(before, { type: 'tool_use', id: 't', name: 'Read', input: {} })],
    [
      'a schema for the answer',
      (before) => ({
        ...before,
        output_config: { format: { type: 'json_schema', schema: { type: 'object' } } },
      }),
    ],
  ]

  test.each(larger)('grows with %s, whatever the prompt', async (_, grow) => {
    await fc.assert(
      fc.asyncProperty(request, fc.constantFrom(...MODELS), async (before, model) => {
        expect(await counter.count(grow(before), model)).toBeGreaterThan(await counter.count(before, model))
      }),
    )
  })

  test('grows when a text gets longer, whatever the text', async () => {
    await fc.assert(
      fc.asyncProperty(text, fc.nat(20), async (start, repeats) => {
        const shorter = start.repeat(repeats)
        const longer = `${shorter} and so it went on`
        expect(await counter.count(ask(longer), MODELS[0])).toBeGreaterThan(
          await counter.count(ask(shorter), MODELS[0]),
        )
      }),
    )
  })
})

/** A counter over a vocabulary of four characters a token, and a clock that stands still until it is moved. */
function learner() {
  const asked: string[] = []
  const clock = { nowMs: 1_000_000, now: () => clock.nowMs }
  const vocabulary = {
    countTokens(text: string) {
      asked.push(text)
      return Math.ceil(text.length / 4)
    },
  }
  return { asked, clock, counter: createTokenCounter({ loadVocabulary: async () => vocabulary, clock }) }
}

const MODEL = 'deepseek/deepseek-v3'
const TEXT = 'word '.repeat(4_000)
const SIZE = { textChars: TEXT.length, mediaTokens: 0 }

describe('estimate', () => {
  test('grows with the text and adds images as they are', () => {
    const { counter } = learner()
    const small = counter.estimate(MODEL, { textChars: 1_000, mediaTokens: 0 })
    expect(counter.estimate(MODEL, { textChars: 2_000, mediaTokens: 0 })).toBeGreaterThan(small)
    expect(counter.estimate(MODEL, { textChars: 1_000, mediaTokens: 1_600 })).toBe(small + 1_600)
    expect(counter.estimate(MODEL, { textChars: 0, mediaTokens: 0 })).toBe(1)
  })

  test('needs no vocabulary', () => {
    const { counter, asked } = learner()
    counter.learn(MODEL, { size: SIZE, promptTokens: 6_000, request: ask(TEXT) })
    expect(counter.estimate(MODEL, SIZE)).toBeGreaterThan(1)
    expect(asked).toEqual([])
  })
})

describe('learn', () => {
  test('moves an estimate towards what was billed, bill by bill', () => {
    const { counter } = learner()
    const billed = 8_000
    let distance = billed - counter.estimate(MODEL, SIZE)
    for (let bill = 0; bill < 20; bill++) {
      counter.learn(MODEL, { size: SIZE, promptTokens: billed })
      const left = billed - counter.estimate(MODEL, SIZE)
      expect(left).toBeLessThan(distance)
      distance = left
    }
    expect(distance).toBeLessThan(billed * 0.03)
  })

  test('moves the next count towards what was billed', async () => {
    const { counter } = learner()
    const before = await counter.count(ask(TEXT), MODEL)
    counter.learn(MODEL, { size: SIZE, promptTokens: before * 2, request: ask(TEXT) })
    expect(await counter.count(ask(TEXT), MODEL)).toBeCloseTo(before * 1.5, -1)
  })

  test('keeps what it learned of a model to that model', async () => {
    const { counter } = learner()
    const other = 'qwen/qwen3'
    const before = { count: await counter.count(ask(TEXT), other), estimate: counter.estimate(other, SIZE) }
    counter.learn(MODEL, { size: SIZE, promptTokens: 9_000, request: ask(TEXT) })
    await counter.count(ask(TEXT), MODEL)
    expect({ count: await counter.count(ask(TEXT), other), estimate: counter.estimate(other, SIZE) }).toEqual(
      before,
    )
  })

  test.each([
    ['nothing', { size: SIZE, promptTokens: 0 }],
    ['less than nothing', { size: SIZE, promptTokens: -5 }],
    ['no number', { size: SIZE, promptTokens: NaN }],
    ['far too much', { size: SIZE, promptTokens: 10_000_000 }],
    ['far too little', { size: SIZE, promptTokens: 10 }],
    ['hardly any text', { size: { textChars: 50, mediaTokens: 0 }, promptTokens: 30 }],
    ['mostly pictures', { size: { textChars: 2_000, mediaTokens: 9_000 }, promptTokens: 10_000 }],
  ])('ignores a bill for %s', async (_, billed) => {
    const { counter } = learner()
    const before = { count: await counter.count(ask(TEXT), MODEL), estimate: counter.estimate(MODEL, SIZE) }
    counter.learn(MODEL, { ...billed, request: ask(TEXT) })
    expect({ count: await counter.count(ask(TEXT), MODEL), estimate: counter.estimate(MODEL, SIZE) }).toEqual(
      before,
    )
  })

  test('stays within a fifth and five times, whatever the bills', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(100_000), { maxLength: 30 }), async (bills) => {
        const { counter, clock } = learner()
        const [estimate, count] = [counter.estimate(MODEL, SIZE), await counter.count(ask(TEXT), MODEL)]
        for (const promptTokens of bills) {
          counter.learn(MODEL, { size: SIZE, promptTokens, request: ask(TEXT) })
          clock.nowMs += 60_000
          expect(await counter.count(ask(TEXT), MODEL)).toBeWithin(Math.floor(count / 5), count * 5 + 1)
          expect(counter.estimate(MODEL, SIZE)).toBeWithin(Math.floor(estimate / 5), estimate * 5 + 1)
        }
      }),
      { numRuns: 30 },
    )
  })

  test('keeps one prompt a minute and model for comparison', async () => {
    const { counter, clock, asked } = learner()
    const prompt = (name: string) => ask(`${name} ${TEXT}`)
    const learnFrom = (name: string) =>
      counter.learn(MODEL, { size: SIZE, promptTokens: 5_000, request: prompt(name) })
    learnFrom('first')
    clock.nowMs += 59_000
    learnFrom('second')
    await counter.count(ask('hi'), MODEL)
    learnFrom('third')
    await counter.count(ask('hi'), MODEL)
    clock.nowMs += 1_000
    learnFrom('fourth')
    await counter.count(ask('hi'), MODEL)
    const kept = asked
      .map((text) => text.split(' ', 1)[0])
      .filter((word) => /first|second|third|fourth/.test(word ?? ''))
    expect(kept).toEqual(['first', 'fourth'])
  })

  test('keeps no prompt with images, none that is huge, and not many at all', async () => {
    const { counter, asked } = learner()
    const huge = { textChars: 600_000, mediaTokens: 0 }
    counter.learn('huge', { size: huge, promptTokens: 150_000, request: ask(`huge ${TEXT}`) })
    const pictured = { textChars: TEXT.length, mediaTokens: 100 }
    counter.learn('pictured', { size: pictured, promptTokens: 5_000, request: ask(`pictured ${TEXT}`) })
    const models = Array.from({ length: 100 }, (_, index) => `model-${index}`)
    for (const model of models)
      counter.learn(model, { size: SIZE, promptTokens: 5_000, request: ask(`${model} ${TEXT}`) })
    for (const model of ['huge', 'pictured', ...models]) await counter.count(ask('hi'), model)
    const kept = new Set(
      asked.map((text) => text.split(' ', 1)[0]).filter((word) => word !== 'hi' && word !== ''),
    )
    expect(kept).toEqual(new Set(models.slice(-32)))
  })
})
