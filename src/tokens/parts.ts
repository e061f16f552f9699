/** What a piece of a prompt adds, before any tokenizer has seen it. */
export interface Parts {
  /** The texts that a model reads. */
  readonly texts: readonly string[]
  /** Tokens around them, such as roles and tool calls. */
  readonly framingTokens: number
}

/** What adds nothing. */
export const NO_PARTS: Parts = { texts: [], framingTokens: 0 }

/** Some texts, and the tokens around all of them together. */
export const partsOf = (texts: readonly string[], framingTokens = 0): Parts => ({ texts, framingTokens })

/** Everything that several parts add, texts in their order. */
export const merge = (parts: readonly Parts[]): Parts => ({
  texts: parts.flatMap(({ texts }) => texts),
  framingTokens: parts.reduce((sum, { framingTokens }) => sum + framingTokens, 0),
})

/** A value as the JSON that a model sees; empty for what JSON does not know. */
export const jsonOf = (value: unknown, replacer?: (key: string, value: unknown) => unknown): string =>
  JSON.stringify(value, replacer) ?? ''
