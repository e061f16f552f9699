import {
  type DemoMessage,
  type DemoRequest,
  answersAfter,
  lastToolResult,
  prefillOf,
  textsOf,
} from './conversation.ts'
import { withoutBlocks } from './fence.ts'
import { improvise } from './improvise.ts'
import { sceneFor } from './scene.ts'
import { type Script, type Step, findScript } from './script.ts'

/** What the demo is going to do, or what is wrong with the script it was given. */
type Plan = { readonly steps: readonly Step[] } | { readonly fault: string }

/** Counts how often something happened, by its name, this time included. */
export type Tally = (name: string) => number

const OVER: readonly Step[] = [{ text: 'The demo script is over.' }]

/** Chooses the steps of the next turn: the script's where the conversation holds one, else improvised ones. */
export const planTurn = (model: string, request: DemoRequest, tally: Tally): Plan => {
  const prefill = prefillOf(request.messages)
  const script = findScript(request.messages)
  if (script && 'fault' in script) return script
  if (!script) {
    const scene = sceneFor(request)?.flatMap((step) => fill(step, request))
    return { steps: scene ?? continueFrom(prefill, improvise(model, request)) }
  }

  const turn = turnOf(script, request, prefill)
  const written = script.turns[turn] ?? OVER
  const steps = withoutSpentErrors(written, `${tellingApart(script, request)}\n${turn}`, tally)
  const failed = steps.flatMap((step) => disappointment(step, request))[0]
  if (failed !== undefined) return { steps: [{ text: failed }] }
  return {
    steps: continueFrom(
      prefill,
      steps.flatMap((step) => fill(step, request)),
    ),
  }
}

/**
 * As many turns are done as answers stand behind the script. A prefill belongs to the turn that is answered now,
 * unless it says all that its turn had to say: then it is a finished answer that the client sends to go on from.
 */
const turnOf = ({ turns, at }: Script, request: DemoRequest, prefill: string): number => {
  const answers = answersAfter(request.messages, at)
  if (prefill === '') return answers
  const said = (turns[answers - 1] ?? OVER).flatMap((step) => fill(step, request)).flatMap(piecesOf)
  return said.join('').trimEnd() === prefill.trimEnd() ? answers : answers - 1
}

/** An error with `times` is given to the first requests of its turn only. */
const withoutSpentErrors = (steps: readonly Step[], turn: string, tally: Tally): readonly Step[] => {
  if (!steps.some((step) => timesOf(step) < Infinity)) return steps
  const requests = tally(turn)
  return steps.filter((step) => requests <= timesOf(step))
}

const timesOf = (step: Step): number => ('error' in step ? step.error.times : undefined) ?? Infinity

/** Two conversations with the same script are the same to the tally, unless something around the script differs. */
const tellingApart = ({ at }: Script, { messages }: DemoRequest): string =>
  messages
    .slice(at, at + 1)
    .flatMap(textsOf)
    .join('\n')

const disappointment = (step: Step, request: DemoRequest): string[] => {
  if (!('expect' in step)) return []
  const { contains, lacks } = step.expect
  if (contains !== undefined && !mentions(request, contains))
    return [`Expectation failed: the request does not contain ${JSON.stringify(contains)}.`]
  if (lacks !== undefined && mentions(request, lacks))
    return [`Expectation failed: the request contains ${JSON.stringify(lacks)}.`]
  return []
}

/** Looks in the JSON of the request, raw or escaped, and never in scripts: an expectation must not meet itself. */
const mentions = (request: DemoRequest, text: string): boolean => {
  const json = JSON.stringify(request, withoutScripts)
  return json.includes(text) || json.includes(JSON.stringify(text).slice(1, -1))
}

const withoutScripts = (key: string, value: unknown): unknown => {
  if (typeof value !== 'string') return value
  return key === 'arguments' ? withoutScriptsInside(value) : withoutBlocks(value)
}

/** The arguments of a tool call are JSON in a string; a script that they pass on is escaped twice. */
const withoutScriptsInside = (json: string): string => {
  try {
    return JSON.stringify(JSON.parse(json), withoutScripts)
  } catch {
    return json
  }
}

/** Turns what a step refers to into what it says. */
const fill = (step: Step, request: DemoRequest): readonly Step[] => {
  if ('expect' in step) return []
  if ('echo' in step) return [{ text: JSON.stringify(request) }]
  if (!('text' in step)) return [step]
  return [{ text: piecesOf(step).map((piece) => withToolResult(piece, request.messages)) }]
}

const withToolResult = (text: string, messages: readonly DemoMessage[]): string =>
  text.replaceAll('{{last_tool_result}}', () => lastToolResult(messages) ?? '(no tool has run)')

const piecesOf = (step: Step): readonly string[] => {
  if (!('text' in step)) return []
  return typeof step.text === 'string' ? [step.text] : step.text
}

/** The rest of an answer whose beginning the client has written; all of it when it begins differently. */
const continueFrom = (prefill: string, steps: readonly Step[]): readonly Step[] => {
  if (prefill === '' || !steps.flatMap(piecesOf).join('').startsWith(prefill)) return steps
  let left = prefill.length
  const shorten = (piece: string): string => {
    const rest = piece.slice(left)
    left -= piece.length - rest.length
    return rest
  }
  return steps.map((step) => ('text' in step ? { text: piecesOf(step).map(shorten) } : step))
}
