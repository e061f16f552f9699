import { describe, expect, test } from 'bun:test'

import { outputLimitMessage, overflowMessage } from '../../src/upstream/overflow.ts'

const long = (input: number, limit: number): string =>
  `prompt is too long: ${input} tokens > ${limit} maximum`
const both = (input: number, output: number, limit: number): string =>
  `input length and \`max_tokens\` exceed context limit: ${input} + ${output} > ${limit}, ` +
  'decrease input length or `max_tokens` and try again'

describe('every wording becomes the one that clients act on (T36)', () => {
  test.each<[string, string, string]>([
    ['Anthropic', 'prompt is too long: 215692 tokens > 200000 maximum', long(215692, 200000)],
    [
      'Anthropic, input and output',
      'input length and `max_tokens` exceed context limit: 199323 + 20000 > 200000, decrease input length or `max_tokens` and try again',
      both(199323, 20000, 200000),
    ],
    [
      'OpenAI',
      "This model's maximum context length is 8192 tokens. However, your messages resulted in 10000 tokens. Please reduce the length of the messages.",
      long(10000, 8192),
    ],
    [
      'OpenAI with functions',
      "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens (8000 in the messages, 1000 in the functions). Please reduce the length of the messages or functions.",
      long(9000, 8192),
    ],
    [
      'OpenAI, input and output',
      "This model's maximum context length is 8192 tokens. However, you requested 9000 tokens (5000 in the messages, 4000 in the completion). Please reduce the length of the messages or completion.",
      both(5000, 4000, 8192),
    ],
    [
      'OpenAI with functions and output',
      "This model's maximum context length is 8192 tokens. However, you requested 9000 tokens (5000 in the messages, 1000 in the functions, 3000 in the completion). Please reduce the length.",
      both(6000, 3000, 8192),
    ],
    [
      'OpenAI, configured',
      'Input tokens exceed the configured limit of 272000 tokens. Your messages resulted in 300000 tokens. Please reduce the length of the messages.',
      long(300000, 272000),
    ],
    [
      'OpenRouter, prompt',
      'This endpoint\'s maximum context length is 131072 tokens. However, you requested about 215692 tokens (183692 of text input, 32000 in the output). Please reduce the length of either one, or use the "middle-out" transform to compress your prompt automatically.',
      long(183692, 131072),
    ],
    [
      'OpenRouter, prompt and output',
      "This endpoint's maximum context length is 200000 tokens. However, you requested about 215692 tokens (183692 of text input, 32000 in the output). Please reduce the length of either one.",
      both(183692, 32000, 200000),
    ],
    [
      'OpenRouter with tools',
      "This endpoint's maximum context length is 200000 tokens. However, you requested about 236000 tokens (199000 of text input, 5000 of tool input, 32000 in the output). Please reduce the length of either one.",
      long(204000, 200000),
    ],
    [
      'DeepSeek',
      "This model's maximum context length is 131072 tokens. However, you requested 140000 tokens (135000 in the messages, 5000 in the completion). Please reduce the length of the messages or completion.",
      long(135000, 131072),
    ],
    [
      'vLLM, old',
      "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens (4000 in the messages, 1000 in the completion). Please reduce the length of the messages or completion.",
      both(4000, 1000, 4096),
    ],
    [
      'vLLM, newer',
      "This model's maximum context length is 32768 tokens. However, your request has 40000 input tokens. Please reduce the length of the input messages. (parameter=input_tokens, value=40000)",
      long(40000, 32768),
    ],
    [
      'vLLM, newer, output',
      "'max_tokens' or 'max_completion_tokens' is too large: 32000. This model's maximum context length is 32768 tokens and your request has 12000 input tokens (32000 > 32768 - 12000). (parameter=max_tokens, value=32000)",
      both(12000, 32000, 32768),
    ],
    [
      'vLLM, newest',
      "This model's maximum context length is 32768 tokens. However, you requested 1024 output tokens and your prompt contains at least 31745 input tokens, for a total of at least 32769 tokens. Please reduce the length of the input prompt or the number of requested output tokens.",
      both(31745, 1024, 32768),
    ],
    [
      'vLLM, passed',
      "You passed 40001 input tokens and requested 0 output tokens. However, the model's context length is only 32768 tokens, resulting in a maximum input length of 32768 tokens. Please reduce the length of the input prompt.",
      long(40001, 32768),
    ],
    [
      'vLLM, decoder',
      'The decoder prompt (length 40000) is longer than the maximum model length of 32768. Make sure that `max_model_len` is no smaller than the number of text tokens.',
      long(40000, 32768),
    ],
    [
      'vLLM, scheduler',
      'Input prompt (35247 tokens) is too long and exceeds limit of 1000',
      long(35247, 1000),
    ],
    [
      'SGLang',
      "The input (40000 tokens) is longer than the model's context length (32768 tokens).",
      long(40000, 32768),
    ],
    [
      'SGLang, input and output',
      "Requested token count exceeds the model's maximum context length of 32768 tokens. You requested a total of 40000 tokens: 30000 tokens from the input messages and 10000 tokens for the completion. Please reduce the number of tokens.",
      both(30000, 10000, 32768),
    ],
    [
      'Hugging Face',
      'Input validation error: `inputs` tokens + `max_new_tokens` must be <= 8193. Given: 9000 `inputs` tokens and 1000 `max_new_tokens`',
      long(9000, 8193),
    ],
    [
      'llama.cpp',
      'request (12345 tokens) exceeds the available context size (8192 tokens), try increasing it',
      long(12345, 8192),
    ],
    [
      'LM Studio',
      'Trying to keep the first 9000 tokens when context the overflows. However, the model is loaded with context length of only 4096 tokens, which is not enough.',
      long(9000, 4096),
    ],
    [
      'Gemini',
      'The input token count (1,200,000) exceeds the maximum number of tokens allowed (1,048,576).',
      long(1200000, 1048576),
    ],
    [
      'Gemini without brackets',
      'The input token count (1200000) exceeds the maximum number of tokens allowed 1048576.',
      long(1200000, 1048576),
    ],
    [
      'Vertex',
      'Unable to submit request because the input token count is 1200000 but the model only supports up to 1048576. Reduce the input token count and try again.',
      long(1200000, 1048576),
    ],
    [
      'xAI',
      "This model's maximum prompt length is 131072 but the request contains 140000 tokens.",
      long(140000, 131072),
    ],
    [
      'Mistral',
      'Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length',
      long(40000, 32768),
    ],
    [
      'Moonshot',
      'Invalid request: Your request exceeded model token limit: 262144 (requested: 291351)',
      long(291351, 262144),
    ],
    [
      'Fireworks',
      'The prompt is too long: 140000, model maximum context length: 131071',
      long(140000, 131071),
    ],
    ['GitHub Copilot', 'prompt token count of 140000 exceeds the limit of 128000', long(140000, 128000)],
    [
      'Cerebras',
      'Please reduce the length of the messages or completion. Current length is 10000 while limit is 8192',
      long(10000, 8192),
    ],
    [
      'Cohere',
      'too many tokens: total number of tokens in the prompt cannot exceed 4081 - received 5000. Try using a shorter prompt.',
      long(5000, 4081),
    ],
  ])('%s', (_, message, expected) => {
    expect(overflowMessage(message)).toBe(expected)
  })
})

describe('without numbers the words follow', () => {
  test.each<[string, string]>([
    [
      'OpenAI',
      'Your input exceeds the context window of this model. Please adjust your input and try again.',
    ],
    ['Groq', 'Please reduce the length of the messages or completion.'],
    ['Bedrock', 'Input is too long for requested model.'],
    [
      'llama.cpp, old',
      'the request exceeds the available context size. try increasing the context size or enable context shift',
    ],
    ['Ollama', 'the input length exceeds the context length'],
    ['Ollama, cloud', 'prompt too long; exceeded max context length by 4 tokens'],
    ['Gemini', 'The input token count exceeds the maximum number of tokens allowed 1048576.'],
    ['Qwen', '<400> InternalError.Algo.InvalidParameter: Range of input length should be [1, 129024]'],
    ['Z.ai', 'Prompt exceeds max length'],
    ['MiniMax', 'invalid params, context window exceeds limit (2013)'],
    ['a code', 'litellm.BadRequestError: context_length_exceeded'],
    ['LiteLLM', "Requested token count exceeds the model's maximum context length of 131072 tokens."],
    ['Poolside', 'Input exceeds the maximum allowed input length of 8000 tokens'],
  ])('%s', (_, message) => {
    expect(overflowMessage(message)).toBe(`prompt is too long: ${message}`)
  })

  test('but not twice', () => {
    expect(overflowMessage('Prompt is too long')).toBe('prompt is too long: ')
  })
})

describe('what is no overflow does not become one', () => {
  test.each([
    'max_tokens is too large: limit 8192',
    'max_tokens is too large: 32000. This model supports at most 16384 completion tokens, whereas you provided 32000.',
    'max_tokens: 128000 > 64000, which is the maximum allowed number of output tokens for claude-haiku-4-5',
    'Invalid max_tokens value, the valid range of max_tokens is [1, 8192]',
    'Range of max_tokens should be [1, 8192]',
    'max_completion_tokens must be less than or equal to 40960',
    'Rate limit reached for gpt-4o in organization org-1 on tokens per min (TPM): Limit 30000, Used 20000, Requested 15000.',
    'Request too large for gpt-4o on tokens per min (TPM): Limit 30000, Requested 40000. The input or output tokens must be reduced.',
    'Request too large for model `llama` on tokens per minute (TPM): Limit 6000, Requested 8000, please reduce your message size and try again.',
    'Too many tokens, please wait before trying again.',
    'ThrottlingException: Too many tokens, please wait before trying again.',
    'Too many requests: maximum context length of the queue exceeded',
    "Invalid 'tools': array too long. Expected an array with maximum length 128, but got an array with length 130 instead.",
    "Invalid 'messages[3].tool_calls[0].id': string too long. Expected a string with maximum length 40, but got a string with length 52 instead.",
    'messages.0.content.1.image.source.base64: image exceeds 5 MB maximum: 6000000 bytes > 5242880 bytes',
    'The request body is too large',
    'thinking.budget_tokens exceeds the limit',
    'context deadline exceeded',
    'context canceled',
    'This model does not support context caching',
    'Tool description exceeds the maximum length of 1024 characters',
    'You exceeded your current quota, please check your plan and billing details.',
    'This request requires more credits, or fewer max_tokens. You requested up to 32000 tokens, but can only afford 1200.',
    'Provider returned error',
    '',
  ])('%s', (message) => {
    expect(overflowMessage(message)).toBeUndefined()
  })
})

describe('an error that is known to be an overflow', () => {
  test('is one whatever its words', () => {
    expect(overflowMessage('zu lang', true)).toBe('prompt is too long: zu lang')
    expect(overflowMessage('too many tokens per minute', true)).toBe(
      'prompt is too long: too many tokens per minute',
    )
  })

  test('takes the numbers that stand beside its words', () => {
    expect(overflowMessage('too long', true, { input: 9000, limit: 4096 })).toBe(long(9000, 4096))
    expect(overflowMessage('too long', true, { limit: 4096 })).toBe('prompt is too long: too long')
  })
})

describe('max_tokens above what the model can write', () => {
  test.each<[string, number, number]>([
    [
      'max_tokens is too large: 128000. This model supports at most 16384 completion tokens, whereas you provided 128000.',
      128000,
      16384,
    ],
    [
      'max_completion_tokens is too large: 128,000. This model supports at most 16,384 completion tokens',
      128000,
      16384,
    ],
    ["max_tokens (384000) exceeds model's maximum output tokens (65536)", 384000, 65536],
    [
      'max_tokens: 9999999 > 64000, which is the maximum allowed number of output tokens for x',
      9999999,
      64000,
    ],
  ])('%s', (message, asked, limit) => {
    expect(outputLimitMessage(message, 'big')).toBe(
      `max_tokens: ${asked} > ${limit}, which is the maximum allowed number of output tokens for big`,
    )
  })

  test('other errors are left alone', () => {
    expect(outputLimitMessage('max_tokens must be positive', 'big')).toBeUndefined()
    expect(
      outputLimitMessage(
        "'max_tokens' is too large: 32000. This model's maximum context length is 32768 tokens",
        'big',
      ),
    ).toBeUndefined()
  })
})

test('hostile text is read in no time', () => {
  const text = `maximum context length is ${'1'.repeat(2000)} tokens. However, you requested ${'9 tokens ('.repeat(200)}`
  const start = performance.now()
  overflowMessage(text)
  outputLimitMessage('max_tokens '.repeat(200), 'big')
  expect(performance.now() - start).toBeLessThan(100)
})
