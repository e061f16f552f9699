import { describe, expect, test } from 'bun:test'

import { MAX_RUN } from '../../src/tokens/pieces.ts'
import { createTextCounter } from '../../src/tokens/text.ts'
import { type Vocabulary, loadClaudeVocabulary } from '../../src/tokens/vocabulary.ts'

/** A vocabulary of single characters that notes what it is asked. */
function notingVocabulary() {
  const asked: string[] = []
  const vocabulary: Vocabulary = {
    countTokens(text) {
      asked.push(text)
      return text.length
    },
  }
  return { asked, load: async () => vocabulary }
}

const countOf = async (vocabulary: Vocabulary, text: string): Promise<number> =>
  createTextCounter(async () => vocabulary)([text])

/** Letters of a fixed sequence without a pattern that a cache of words could use. */
function randomLetters(length: number): string {
  let state = 1
  const next = () => (state = (state * 1_103_515_245 + 12_345) % 2 ** 31)
  return Array.from({ length }, () => String.fromCharCode(97 + (Math.floor(next() / 2 ** 16) % 26))).join('')
}

describe('createTextCounter', () => {
  test('loads its vocabulary at the first count, once for 25 counts at a time', async () => {
    const { load } = notingVocabulary()
    let loads = 0
    const count = createTextCounter(async () => {
      loads++
      return load()
    })
    expect(loads).toBe(0)
    const counts = await Promise.all(
      Array.from({ length: 25 }, async (_, index) => count(['x'.repeat(index)])),
    )
    expect(loads).toBe(1)
    expect(counts).toEqual(Array.from({ length: 25 }, (_, index) => index))
  })

  test('tries to load again after a failure', async () => {
    const { load } = notingVocabulary()
    let loads = 0
    const count = createTextCounter(async () => {
      if (++loads === 1) throw new Error('no vocabulary')
      return load()
    })
    expect(await count(['a']).catch(String)).toBe('Error: no vocabulary')
    expect(await count(['abc'])).toBe(3)
  })

  test('asks for the tokens of a long text once, however often it is resent', async () => {
    const { asked, load } = notingVocabulary()
    const count = createTextCounter(load)
    const prefix = 'a long system prompt '.repeat(100)
    const first = await count([prefix, 'hi'])
    const second = await count([prefix, 'hi', 'more'])
    expect(second).toBe(first + 4)
    expect(asked).toEqual([prefix, 'hi', 'hi', 'more'])
  })

  test('tells apart long texts of one length', async () => {
    const vocabulary: Vocabulary = { countTokens: (text) => text.split(' ').length }
    const count = createTextCounter(async () => vocabulary)
    expect(await count(['ab '.repeat(200)])).toBe(201)
    expect(await count(['a '.repeat(300)])).toBe(301)
  })

  test('normalizes to NFKC, and cuts what grows long by it', async () => {
    const { asked, load } = notingVocabulary()
    await createTextCounter(load)(['ﬁle ①', '\ufdfa'.repeat(100)])
    expect(asked[0]).toBe('file 1')
    expect(Math.max(...asked.map((text) => text.length))).toBeLessThan(10 * MAX_RUN)
    expect(asked.slice(1).join('')).toBe('\ufdfa'.repeat(100).normalize('NFKC'))
  })

  test('shows the tokenizer no run over 200 of a megabyte without a space', async () => {
    const { asked, load } = notingVocabulary()
    expect(await createTextCounter(load)(['x'.repeat(1_000_000)])).toBe(1_000_000)
    expect(Math.max(...asked.map((text) => text.length))).toBe(MAX_RUN)
  })

  test('cuts long texts between words', async () => {
    const { asked, load } = notingVocabulary()
    const text = 'some words in a row '.repeat(5_000)
    expect(await createTextCounter(load)([text])).toBe(text.length)
    expect(asked.length).toBeGreaterThan(5)
    expect(asked.join('')).toBe(text)
    expect(asked.slice(1).every((slice) => slice.startsWith(' '))).toBe(true)
  })

  test.each([
    ['one long text', ['word '.repeat(50_000)]],
    ['many short texts', Array.from({ length: 5_000 }, () => 'a short text '.repeat(5))],
  ])('lets the program go on while it counts %s', async (_, texts) => {
    const { load } = notingVocabulary()
    let turns = 0
    let counting = true
    const watch = () => {
      turns++
      if (counting) setImmediate(watch)
    }
    setImmediate(watch)
    await createTextCounter(load)(texts)
    counting = false
    expect(turns).toBeGreaterThan(5)
  })

  test('guesses the rest of a prompt that no context window holds', async () => {
    const { asked, load } = notingVocabulary()
    expect(await createTextCounter(load)(['a b '.repeat(1_200_000)])).toBe(2_400_000)
    expect(asked).toEqual([])
  })
})

describe('the Claude vocabulary', () => {
  test('counts as its public description says', async () => {
    const vocabulary = await loadClaudeVocabulary()
    expect(await countOf(vocabulary, 'Hello, Claude')).toBe(3)
    expect(await countOf(vocabulary, 'You are a scientist')).toBe(4)
    expect(await countOf(vocabulary, '')).toBe(0)
  })

  test('takes Chinese, emoji and control characters', async () => {
    const vocabulary = await loadClaudeVocabulary()
    expect(await countOf(vocabulary, '今天天气很好,我们去公园散步吧。')).toBeWithin(8, 30)
    expect(await countOf(vocabulary, '🦀🦀🦀')).toBeGreaterThanOrEqual(3)
    expect(await countOf(vocabulary, '\0\u0007\ud800')).toBeGreaterThan(0)
  })

  test('counts a full-width text like its plain form', async () => {
    const vocabulary = await loadClaudeVocabulary()
    expect(await countOf(vocabulary, 'Ｈｅｌｌｏ　ｗｏｒｌｄ')).toBe(await countOf(vocabulary, 'Hello world'))
  })

  test('counts texts that spell a special token or a name of JavaScript', async () => {
    const vocabulary = await loadClaudeVocabulary()
    for (const text of ['<EOT>', '<META_START>', '__proto__', 'constructor', 'hasOwnProperty'])
      expect(await countOf(vocabulary, text)).toBeGreaterThan(0)
  })

  test('counts the slices of a long text as if it were whole', async () => {
    const vocabulary = await loadClaudeVocabulary()
    const text = Array.from(
      { length: 4_000 },
      (_, index) => `The line ${index} says: let x${index} = ${index * 7}.\n`,
    ).join('')
    expect(await countOf(vocabulary, text)).toBe(vocabulary.countTokens(text))
  })

  test.each([
    ['one letter', 'a'.repeat(1_000_000)],
    ['spaces', ' '.repeat(1_000_000)],
    ['newlines', '\n'.repeat(1_000_000)],
    ['combining marks, which are hard to normalize', `e${'\u0301\u0323'.repeat(50_000)}`],
    ['rare ideographs', '中\u{20000}'.repeat(50_000)],
    ['random letters', randomLetters(100_000)],
  ])('finishes a hostile prompt of %s', async (_, text) => {
    const tokens = await countOf(await loadClaudeVocabulary(), text)
    expect(tokens).toBeGreaterThan(text.length / 200)
  })
})
