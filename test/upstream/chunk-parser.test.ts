import { expect, test } from 'bun:test'

import fc from 'fast-check'

import { ChunkParser } from '../../src/upstream/chunk-parser.ts'

const around = (data: string): [string, number, number] => [`data: ${data}\n\n`, 6, 6 + data.length]

/** Reads all as one stream, from the middle of a longer text. */
const read = (parser: ChunkParser, stream: readonly string[]): unknown[] =>
  stream.map((data) => parser.parse(...around(data)))

const chunkOf = (content: unknown, more: object = {}): string =>
  JSON.stringify({
    id: 'gen-1',
    provider: 'Somebody',
    choices: [{ index: 0, delta: { role: 'assistant', content }, finish_reason: null }],
    ...more,
  })

const anyText = fc.oneof(
  fc.string(),
  fc.constantFrom('', '"', '\\', '\n', '\u0000', '"content":"', '","content":"x', '"},"x":{"y":"', 'é😀'),
)
const anyChunk = fc.oneof(
  { weight: 4, arbitrary: anyText.map((text) => chunkOf(text)) },
  anyText.map((text) => chunkOf(text, { usage: { prompt_tokens: 1 } })),
  anyText.map((text) => chunkOf(text, { note: text, content: text })),
  anyText.map((text) =>
    JSON.stringify({ choices: [{ delta: { content: text } }, { delta: { content: 'b' } }] }),
  ),
  anyText.map((text) => JSON.stringify({ choices: [{ delta: { reasoning: text, content: null } }] })),
  anyText.map((text) => `{"choices":[{"delta":{"content":"first","content":${JSON.stringify(text)}}}]}`),
  anyText.map((text) => `{ "choices": [ { "delta": { "content": ${JSON.stringify(text)} } } ] }`),
  fc.constant('{}'),
)

test('every chunk reads as its JSON says, whatever came before it', () => {
  fc.assert(
    fc.property(fc.array(anyChunk, { maxLength: 20 }), (stream) => {
      expect(read(new ChunkParser(), stream)).toEqual(stream.map((data): unknown => JSON.parse(data)))
    }),
    { numRuns: 500 },
  )
})

test('a chunk that differs in its text alone shares all that is the same', () => {
  const [first, second] = read(new ChunkParser(), [chunkOf('a', { extra: {} }), chunkOf('b', { extra: {} })])
  expect(second).toEqual(JSON.parse(chunkOf('b', { extra: {} })))
  expect((second as { extra: object }).extra).toBe((first as { extra: object }).extra)
})

test('so does a text that comes after many thoughts', () => {
  const thoughts = Array.from({ length: 40 }, (_, n) =>
    JSON.stringify({ choices: [{ delta: { content: '', reasoning: `${n}` } }] }),
  )
  const texts = [chunkOf('a', { extra: {} }), chunkOf('b', { extra: {} })]
  const [first, second] = read(new ChunkParser(), [...thoughts, ...texts]).slice(-2)
  expect((second as { extra: object }).extra).toBe((first as { extra: object }).extra)
})

test('what is no JSON is refused also where its beginning and its end are those of the chunk before', () => {
  const parser = new ChunkParser()
  read(parser, [chunkOf('a')])
  const raw = chunkOf('a').replace('"a"', '"a\u0001"')
  expect(() => read(parser, [raw])).toThrow('not a JSON object')
  expect(() => read(parser, [chunkOf('a').replace('"a"', '"a" "b"')])).toThrow('not a JSON object')
})

test('a stream whose chunks are never alike is read all the same', () => {
  const stream = Array.from({ length: 40 }, (_, n) => chunkOf(`t${n}`, { obfuscation: `${n}` }))
  expect(read(new ChunkParser(), stream)).toEqual(stream.map((data): unknown => JSON.parse(data)))
})
