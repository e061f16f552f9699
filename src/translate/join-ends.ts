import type { StreamEvent } from '../wire/anthropic/events.ts'
import type { Usage } from '../wire/anthropic/response.ts'

type End = Extract<StreamEvent, { type: 'message_delta' }>

/** The end of an answer that took two calls: the second one's, with what both cost. */
export function joinEnds(first: End, second: End): End {
  const usage = addFields(first.usage, second.usage) as Usage
  const { openrouter: details } = second
  const cost = addValues(first.openrouter?.cost, details?.cost)
  return {
    ...second,
    usage,
    ...(details && typeof cost === 'number' ? { openrouter: { ...details, cost } } : {}),
  }
}

type Fields = Readonly<Record<string, unknown>>

function addFields(first: Fields, second: Fields): Fields {
  const names = Object.keys({ ...first, ...second })
  return Object.fromEntries(names.map((name) => [name, addValues(first[name], second[name])]))
}

/** What is no number is the second one's, if it says anything of it. */
function addValues(first: unknown, second: unknown): unknown {
  if (typeof first === 'number' && typeof second === 'number') return first + second
  if (isFields(first) && isFields(second)) return addFields(first, second)
  return second ?? first
}

const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null
