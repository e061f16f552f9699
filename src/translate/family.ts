/**
 * A model's family, by its slug (`google/gemini-3-pro`) or, for servers without slugs, by its name (`qwen3:8b`).
 * What a family needs differently is decided by tables in the files that need it.
 */
export type Family =
  | 'anthropic'
  | 'openai'
  | 'google'
  | 'x-ai'
  | 'deepseek'
  | 'moonshotai'
  | 'z-ai'
  | 'qwen'
  | 'minimax'
  | 'mistralai'
  | 'other'

const BY_NAME: ReadonlyArray<readonly [RegExp, Family]> = [
  [/claude/, 'anthropic'],
  [/gemini|gemma/, 'google'],
  [/grok/, 'x-ai'],
  [/deepseek/, 'deepseek'],
  [/kimi|moonshot/, 'moonshotai'],
  [/glm/, 'z-ai'],
  [/qwen|qwq/, 'qwen'],
  [/minimax/, 'minimax'],
  [/mistral|mixtral|devstral|codestral|magistral/, 'mistralai'],
  [/^(gpt-|o\d|chatgpt)|\/(gpt-|o\d|chatgpt)/, 'openai'],
]

export function familyOf(model: string): Family {
  const name = model.toLowerCase()
  return (
    BY_NAME.find(([pattern]) => pattern.test(name))?.[1] ?? (name.startsWith('openai/') ? 'openai' : 'other')
  )
}
