/**
 * Clients such as Claude Code compact a conversation and go on when a 400 reads like Anthropic's own context
 * overflow. So every upstream's wording of it is rewritten into that form (openrouter §6.3).
 */
const OVERFLOW =
  /prompt is too long|context_length_exceeded|(maximum|max|available|model'?s?|exceeds? the|exceeded the) (input )?(context|prompt)[ _]?(length|window|size|limit)|context (length|window|size) (is |was )?exceeded|exceeds? the (model's |available )?(context|maximum number of tokens|limit on the number of tokens)|too many (input )?tokens|input (token count|length).{0,40}exceeds?|input is too long|longer than the (maximum )?(model|context)|reduce the length of the (messages|prompt|input)/i

const LIMIT = [
  /(?:context|prompt) (?:length|window|size|limit)(?: is| of|:)?\s*(?:only )?\(?(\d{3,})/i,
  /maximum (?:number of tokens allowed|input length)[^\d]{0,12}(\d{3,})/i,
  /limit(?: is| of|:)?\s*(\d{3,})/i,
  /n_ctx["':\s]+(\d{3,})/i,
]
const INPUT = [
  /(\d+) (?:in the messages|of text input|input tokens|prompt tokens)/i,
  /(?:messages|prompt|input)[^.\d]{0,30}(?:resulted in|contains?|has|is|count)[^\d]{0,12}(\d{3,})/i,
  /request contains (\d{3,})/i,
  /token count \(?(\d{3,})/i,
  /n_prompt_tokens["':\s]+(\d{3,})/i,
]
const OUTPUT = [/(\d+) (?:in the completion|in the output|of output|output tokens)/i, /too large: (\d+)/i]
const TOTAL = [/requested (?:about )?(\d{3,}) tokens/i]

/** Anthropic's wording of an overflow, with its numbers where they can be read; undefined for other errors. */
export function overflowMessage(message: string): string | undefined {
  if (!OVERFLOW.test(message) && !/too large.*context length/i.test(message)) return undefined
  if (/prompt is too long: \d+ tokens > \d+ maximum|input length and `max_tokens` exceed/.test(message))
    return message
  const text = message.replaceAll(/(\d),(?=\d{3})/g, '$1')
  const limit = firstNumber(LIMIT, text)
  const output = firstNumber(OUTPUT, text)
  const total = firstNumber(TOTAL, text)
  const input = firstNumber(INPUT, text) ?? (total !== undefined ? total - (output ?? 0) : undefined)
  if (limit === undefined || input === undefined) return `prompt is too long: ${message}`
  if (input <= limit && output !== undefined)
    return (
      `input length and \`max_tokens\` exceed context limit: ${input} + ${output} > ${limit}, ` +
      'decrease input length or `max_tokens` and try again'
    )
  return `prompt is too long: ${Math.max(input, total ?? 0)} tokens > ${limit} maximum`
}

function firstNumber(patterns: readonly RegExp[], text: string): number | undefined {
  for (const pattern of patterns) {
    const found = pattern.exec(text)?.[1]
    if (found !== undefined) return Number(found)
  }
  return undefined
}
