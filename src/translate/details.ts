import type { AnswerDetails } from '../wire/anthropic/response.ts'
import type { Choice, Chunk, Delta } from '../wire/openrouter/chunk.ts'
import { choiceOf, listOf, stringOf } from './delta.ts'

type Fields = Readonly<Record<string, unknown>>

/** What an answer may have at its top that Anthropic's has no place for; of each, the last counts. */
const TOP_FIELDS = [
  'id',
  'model',
  'provider',
  'system_fingerprint',
  'service_tier',
  'openrouter_metadata',
  'moderation',
] as const

/** What usage says beyond Anthropic's numbers. */
const USAGE_FIELDS = [
  'cost',
  'cost_details',
  'is_byok',
  'prompt_tokens_details',
  'completion_tokens_details',
  'server_tool_use_details',
] as const

/** Adds what a chunk says of the answer to what the chunks before it said (openrouter §7.9). */
export function addDetails(before: AnswerDetails, chunk: Chunk): AnswerDetails {
  const choice = choiceOf(chunk)
  return {
    ...before,
    ...pick(chunk as Fields, TOP_FIELDS),
    ...pick((chunk.usage ?? {}) as Fields, USAGE_FIELDS),
    ...(isGiven(chunk.debug) ? { debug: [...(before.debug ?? []), chunk.debug] } : {}),
    ...(choice ? ofChoice(before, choice) : {}),
  }
}

function ofChoice(before: AnswerDetails, choice: Choice): Partial<AnswerDetails> {
  return {
    ...pick(choice as Fields, ['native_finish_reason']),
    ...joinLogprobs(before.logprobs, choice.logprobs),
    // A message after deltas repeats all that they have said.
    ...(choice.delta ? ofDelta(before, choice.delta) : ofDelta({}, choice.message ?? {})),
  }
}

function ofDelta(before: AnswerDetails, { annotations, images, audio }: Delta): Partial<AnswerDetails> {
  return {
    ...join('annotations', before.annotations, annotations),
    ...join('images', before.images, images),
    ...joinAudio(before.audio, audio),
  }
}

const join = <Name extends string>(
  name: Name,
  before: readonly unknown[] = [],
  more: readonly unknown[] | null | undefined,
): { [Key in Name]?: unknown[] } => {
  const added = listOf(more)
  return added.length > 0 ? ({ [name]: [...before, ...added] } as { [Key in Name]?: unknown[] }) : {}
}

/** Token by token, under `content` and `refusal`. */
function joinLogprobs(before: Fields | undefined, logprobs: unknown): Pick<AnswerDetails, 'logprobs'> {
  if (!isRecord(logprobs)) return {}
  const lists = Object.entries(logprobs).map(([name, tokens]) => {
    const known = before?.[name]
    return [
      name,
      Array.isArray(known) && Array.isArray(tokens) ? [...known, ...tokens] : (tokens ?? known ?? null),
    ]
  })
  return { logprobs: { ...before, ...Object.fromEntries(lists) } }
}

/** Sound comes in pieces of base64 and of its transcript; the rest is said once. */
function joinAudio(before: Fields | undefined, audio: Delta['audio']): Pick<AnswerDetails, 'audio'> {
  if (!isRecord(audio)) return {}
  const joined: Record<string, unknown> = { ...before, ...audio }
  for (const name of ['data', 'transcript'])
    if (name in joined) joined[name] = stringOf(before?.[name]) + stringOf((audio as Fields)[name])
  return { audio: joined }
}

function pick(source: Fields, names: readonly string[]): Partial<AnswerDetails> {
  const picked: Record<string, unknown> = {}
  for (const name of names) if (isGiven(source[name])) picked[name] = source[name]
  return picked
}

const isGiven = (value: unknown): boolean => value !== undefined && value !== null

const isRecord = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
