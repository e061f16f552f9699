const CHARS_A_TOKEN = 3.5
/** What a picture or a page comes to, more or less. */
const MEDIA_TOKENS = 1500
/** Texts under these names are files, not words. */
const FILE_FIELDS: ReadonlySet<string> = new Set(['data', 'file_data'])

/** About how many tokens a request brings, for limits that are put right afterwards. Reads any body, however wrong. */
export const roughTokens = (body: unknown): number => Math.ceil(weigh(body, false))

function weigh(value: unknown, isFile: boolean): number {
  if (typeof value === 'string') return isFile ? MEDIA_TOKENS : value.length / CHARS_A_TOKEN
  if (typeof value !== 'object' || value === null) return 0
  if (Array.isArray(value)) return value.reduce<number>((total, inner) => total + weigh(inner, false), 0)
  let total = 0
  for (const [name, inner] of Object.entries(value)) total += weigh(inner, FILE_FIELDS.has(name))
  return total
}
