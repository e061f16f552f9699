/** Counts the tokens of a short text that has no run longer than `MAX_RUN`. */
export interface Vocabulary {
  countTokens(text: string): number
}

/** Bounds the tokenizer's memory of rare words: about 10 MB at worst. */
const REMEMBERED_WORDS = 8_192

/** Loads Claude's public vocabulary: about 60 MB and a third of a second, hence never before the first count. */
export async function loadClaudeVocabulary(): Promise<Vocabulary> {
  const [{ Tokenizer }, encoding] = await Promise.all([
    import('ai-tokenizer'),
    import('ai-tokenizer/encoding/claude'),
  ])
  const tokenizer = new Tokenizer(encoding, undefined, REMEMBERED_WORDS)
  // With 'all' a text that spells a special token, such as "<EOT>", is counted; without, it throws.
  return { countTokens: (text) => tokenizer.encode(text, 'all').length }
}
