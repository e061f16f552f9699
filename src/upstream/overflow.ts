/**
 * Clients such as Claude Code act on the wording of a 400: they compact the conversation, or ask for fewer tokens,
 * and go on. So every upstream's wording is rewritten into Anthropic's (openrouter §6.3).
 */

/** How servers say that a prompt is too long, with their numbers. `total` = input and output together. */
const NUMBERED: readonly RegExp[] = [
  // Anthropic
  /prompt is too long: (?<input>\d+) tokens > (?<limit>\d+) maximum/i,
  /input length and `?max_tokens`? exceed context limit: (?<input>\d+) \+ (?<output>\d+) > (?<limit>\d+)/i,
  // OpenAI, OpenRouter, DeepSeek, vLLM
  /maximum context length is (?<limit>\d+) tokens.{0,30}requested (?:about )?(?<total>\d+) tokens \([^)]{0,120}?(?<output>\d+) in the (?:completion|output)\)/i,
  /maximum context length is (?<limit>\d+) tokens.{0,30}messages resulted in (?<input>\d+) tokens/i,
  /configured limit of (?<limit>\d+) tokens.{0,40}resulted in (?<input>\d+) tokens/i,
  // vLLM since 0.10
  /too large: (?<output>\d+)\. .{0,20}maximum context length is (?<limit>\d+) tokens and your request has (?<input>\d+) input tokens/i,
  /maximum context length is (?<limit>\d+) tokens.{0,30}request has (?<input>\d+) input tokens/i,
  /maximum context length is (?<limit>\d+) tokens.{0,30}requested (?<output>\d+) output tokens and your prompt contains (?:at least )?(?<input>\d+) input tokens/i,
  /passed (?<input>\d+) input tokens and requested (?<output>\d+) output tokens.{0,40}context length is only (?<limit>\d+)/i,
  /prompt \(length (?<input>\d+)\) is longer than the maximum model length of (?<limit>\d+)/i,
  /prompt \((?<input>\d+) tokens\) is too long and exceeds (?:the )?limit of (?<limit>\d+)/i,
  // SGLang, Together
  /maximum context length of (?<limit>\d+) tokens.{0,60}total of (?<total>\d+) tokens.{0,80}?(?<output>\d+) tokens for the completion/i,
  /input \((?<input>\d+) tokens\) is longer than the model'?s context length \((?<limit>\d+) tokens\)/i,
  // Hugging Face's text generation
  /`?inputs`? tokens \+ `?max_new_tokens`? must be <= (?<limit>\d+)\. given: (?<input>\d+) `?inputs`? tokens and (?<output>\d+)/i,
  // llama.cpp, LM Studio
  /request \((?<input>\d+) tokens\) exceeds the available context size \((?<limit>\d+) tokens\)/i,
  /keep the first (?<input>\d+) tokens when context the overflows.{0,80}context length of only (?<limit>\d+)/i,
  // Gemini, Vertex
  /input token count \((?<input>\d+)\) exceeds the maximum number of tokens allowed \(?(?<limit>\d+)/i,
  /input token count is (?<input>\d+) but the model only supports up to (?<limit>\d+)/i,
  // xAI, Mistral, Moonshot, Fireworks, GitHub, Cerebras, Cohere
  /maximum prompt length is (?<limit>\d+) but the request contains (?<input>\d+) tokens/i,
  /prompt contains (?<input>\d+) tokens.{0,60}too large for model with (?<limit>\d+) maximum context length/i,
  /exceeded model token limit: (?<limit>\d+) \(requested: (?<input>\d+)\)/i,
  /prompt is too long: (?<input>\d+), model maximum context length: (?<limit>\d+)/i,
  /prompt token count of (?<input>\d+) exceeds the limit of (?<limit>\d+)/i,
  /current length is (?<input>\d+) while limit is (?<limit>\d+)/i,
  /tokens in the prompt cannot exceed (?<limit>\d+) - received (?<input>\d+)/i,
]

/** The same without numbers, or with some that say too little. */
const PLAIN: readonly RegExp[] = [
  /prompt is too long/i,
  /input is too long for (?:the )?requested model/i,
  /context[_ ]length[_ ]exceeded/i,
  /maximum context (?:length|limit)/i,
  /exceeds? (?:the |this )?(?:model'?s )?(?:maximum |available )?context (?:length|window|size|limit)/i,
  /context window exceeds limit/i,
  /(?:greater|longer) than the (?:model'?s )?(?:maximum )?(?:context|model) length/i,
  /input token count.{0,30}exceeds the maximum/i,
  /input tokens exceed the configured limit/i,
  /exceeds (?:the )?maximum allowed input length/i,
  /input length exceeds/i,
  /exceeded (?:max )?(?:context length|model token limit)/i,
  /prompt exceeds max length/i,
  /range of input length should be/i,
  /reduce the length of the (?:messages|prompt|input)/i,
  /too many tokens: (?:total|size)/i,
]

/** A limit on tokens per time is none on the length of a prompt, though it may sound like one. */
const RATE = /rate.?limit|per (?:minute|day)|\b[TR]PM\b|too many requests|please wait|throttl/i

/** Numbers that stand beside the message, as llama.cpp's do. */
export interface OverflowNumbers {
  readonly input?: number | undefined
  readonly limit?: number | undefined
}

/**
 * Anthropic's wording of an overflow, with its numbers where they can be read; undefined for other errors. `isSure`:
 * the error is known to be an overflow, whatever its words.
 */
export function overflowMessage(
  message: string,
  isSure = false,
  beside: OverflowNumbers = {},
): string | undefined {
  const text = withoutThousandsCommas(message)
  if (!isSure && RATE.test(text)) return undefined
  const numbers = numbersIn(text)
  if (!isSure && !numbers && !PLAIN.some((wording) => wording.test(text))) return undefined
  return wordOverflow({ ...beside, ...numbers }) ?? `prompt is too long: ${withoutPrefix(message)}`
}

const withoutThousandsCommas = (text: string): string => text.replaceAll(/(\d),(?=\d{3})/g, '$1')

const withoutPrefix = (message: string): string => message.replace(/^prompt is too long:?\s*/i, '')

interface Numbers {
  readonly limit?: number | undefined
  readonly input?: number | undefined
  readonly output?: number | undefined
}

function numbersIn(text: string): Numbers | undefined {
  for (const wording of NUMBERED) {
    const groups = wording.exec(text)?.groups
    if (!groups) continue
    const { limit, input, output, total } = groups
    const all = Number(total)
    return {
      limit: Number(limit),
      // Tools count as input, too, but are listed apart from it.
      input: total === undefined ? Number(input) : all - Number(output),
      output: output === undefined ? undefined : Number(output),
    }
  }
  return undefined
}

/** The words by which Claude Code knows that it must compact the conversation. */
export const wordTooLong = (input: number, limit: number): string =>
  `prompt is too long: ${input} tokens > ${limit} maximum`

/** The first form where the prompt alone is too long, the second where only prompt and answer together are. */
function wordOverflow({ limit, input, output }: Numbers): string | undefined {
  if (limit === undefined || input === undefined) return undefined
  if (output === undefined || input > limit) return wordTooLong(input, limit)
  return (
    `input length and \`max_tokens\` exceed context limit: ${input} + ${output} > ${limit}, ` +
    'decrease input length or `max_tokens` and try again'
  )
}

/** How servers say that a model cannot write as much as was asked for. */
const OUTPUT: readonly RegExp[] = [
  /max_\w*tokens\W{1,3}(?<asked>\d+) > (?<limit>\d+), which is the maximum allowed number of output tokens/i,
  /max_\w*tokens`? is too large: (?<asked>\d+)\. this model supports at most (?<limit>\d+) completion tokens/i,
  /max_\w*tokens \((?<asked>\d+)\) exceeds (?:the )?model'?s maximum output tokens \((?<limit>\d+)\)/i,
]

/** Anthropic's wording of a max_tokens above the model's own limit; undefined for other errors. */
export function outputLimitMessage(message: string, model: string): string | undefined {
  const text = withoutThousandsCommas(message)
  for (const wording of OUTPUT) {
    const { asked, limit } = wording.exec(text)?.groups ?? {}
    if (asked !== undefined)
      return `max_tokens: ${asked} > ${limit}, which is the maximum allowed number of output tokens for ${model}`
  }
  return undefined
}
