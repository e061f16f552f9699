import { LRUCache } from 'lru-cache'

import { toPieces } from './pieces.ts'
import type { Vocabulary } from './vocabulary.ts'

/** Texts at least this long are remembered by hash; of shorter ones a conversation has too many for the gain. */
const MIN_REMEMBERED_CHARS = 256
/** Entries hold a hash and a number, never a text: about 100 bytes each. */
const REMEMBERED_TEXTS = 20_000

/** Work between two turns of the event loop: a millisecond or two, at worst 20. */
const SLICE_CHARS = 16_384

/** A prompt beyond this overflows every context window, so the rest is guessed, on the high side. */
const MAX_TOKENIZED_CHARS = 4_000_000
const CHARS_PER_GUESSED_TOKEN = 2

/** Counts the tokens of many texts in the local vocabulary, before any model's factor. */
export type CountTexts = (texts: Iterable<string>) => Promise<number>

/**
 * A text counter that loads its vocabulary once, at the first use, and counts a text that it has met before by its
 * hash: clients resend a growing conversation, and a hash costs a fiftieth of the tokens.
 */
export function createTextCounter(loadVocabulary: () => Promise<Vocabulary>): CountTexts {
  const loaded = once(loadVocabulary)
  const remembered = new LRUCache<string, number>({ max: REMEMBERED_TEXTS })
  // A seed of this process's own, so that nobody can prepare two texts with one hash.
  const seed = Math.floor(Math.random() * 2 ** 32)

  async function countLongText(vocabulary: Vocabulary, text: string): Promise<number> {
    const key = `${Bun.hash(text, seed)}:${text.length}`
    const known = remembered.get(key)
    if (known !== undefined) return known
    const tokens = await countSlices(vocabulary, text)
    remembered.set(key, tokens)
    return tokens
  }

  return async (texts) => {
    const vocabulary = await loaded()
    let tokens = 0
    let chars = 0
    let nextTurnAt = SLICE_CHARS
    for (const text of texts) {
      chars += text.length
      if (chars > MAX_TOKENIZED_CHARS) tokens += text.length / CHARS_PER_GUESSED_TOKEN
      else if (text.length < MIN_REMEMBERED_CHARS) tokens += countSlice(vocabulary, text)
      else tokens += await countLongText(vocabulary, text)
      if (chars < nextTurnAt) continue
      await nextTurn()
      nextTurnAt = chars + SLICE_CHARS
    }
    return tokens
  }
}

async function countSlices(vocabulary: Vocabulary, text: string): Promise<number> {
  let tokens = 0
  for (const slice of slicesOf(text)) {
    tokens += countSlice(vocabulary, slice)
    if (slice.length < text.length) await nextTurn()
  }
  return tokens
}

// Anthropic's tokenizer reads NFKC. That can lengthen a run, so the cutting comes before it and after it.
function countSlice(vocabulary: Vocabulary, slice: string): number {
  let tokens = 0
  for (const raw of toPieces(slice))
    for (const piece of toPieces(raw.normalize('NFKC'))) tokens += vocabulary.countTokens(piece)
  return tokens
}

/** Cuts a text into slices of at most `SLICE_CHARS`, before a space where there is one: words stay whole. */
function* slicesOf(text: string): Generator<string> {
  let start = 0
  while (text.length - start > SLICE_CHARS) {
    const window = text.slice(start, start + SLICE_CHARS)
    const space = window.lastIndexOf(' ')
    const slice = space > 0 ? window.slice(0, space) : window
    yield slice
    start += slice.length
  }
  yield text.slice(start)
}

const nextTurn = async (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Runs `load` at the first call and shares its result; a failure is forgotten, so that the next call tries again. */
function once<T>(load: () => Promise<T>): () => Promise<T> {
  let loading: Promise<T> | undefined
  return async () =>
    (loading ??= load().catch((cause: unknown) => {
      loading = undefined
      throw cause
    }))
}
