import { isRecord } from '../core/record.ts'
import type { AnswerDetails } from '../wire/anthropic/response.ts'
import type { Choice, Chunk, Delta } from '../wire/openrouter/chunk.ts'
import { choiceOf, listOf, stringOf } from './delta.ts'

type Fields = Readonly<Record<string, unknown>>

type Test = (value: unknown) => boolean

const isText: Test = (value) => typeof value === 'string'
const isNumber: Test = (value) => typeof value === 'number'
const isFlag: Test = (value) => typeof value === 'boolean'
/** Fields that are carried along, and what each must be; of another type they read as absent. */
type Carried = Readonly<Record<string, Test>>

/** What an answer may have at its top that Anthropic's has no place for; of each, the last counts. */
const TOP_FIELDS: Carried = {
  id: isText,
  model: isText,
  provider: isText,
  system_fingerprint: isText,
  service_tier: isText,
  openrouter_metadata: isRecord,
  moderation: isRecord,
}

/** What usage says beyond Anthropic's numbers. */
const USAGE_FIELDS: Carried = {
  cost: isNumber,
  cost_details: isRecord,
  is_byok: isFlag,
  prompt_tokens_details: isRecord,
  completion_tokens_details: isRecord,
  server_tool_use_details: isRecord,
}

const CHOICE_FIELDS: Carried = { native_finish_reason: isText }

/** Adds what a chunk says of the answer to what the chunks before it said (openrouter §7.9). */
export function addDetails(before: AnswerDetails, chunk: Chunk): AnswerDetails {
  const choice = choiceOf(chunk)
  return {
    ...before,
    ...pick(chunk as Fields, TOP_FIELDS),
    ...pick((chunk.usage ?? {}) as Fields, USAGE_FIELDS),
    ...(chunk.debug !== undefined && chunk.debug !== null
      ? { debug: [...(before.debug ?? []), chunk.debug] }
      : {}),
    ...(choice ? ofChoice(before, choice) : {}),
  }
}

function ofChoice(before: AnswerDetails, choice: Choice): Partial<AnswerDetails> {
  return {
    ...pick(choice as Fields, CHOICE_FIELDS),
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

function pick(source: Fields, fields: Carried): Partial<AnswerDetails> {
  const picked: Record<string, unknown> = {}
  for (const [name, isFit] of Object.entries(fields)) if (isFit(source[name])) picked[name] = source[name]
  return picked
}
