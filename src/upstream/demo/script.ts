import { type Static, type TSchema, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'

import type { ChatUsage, Chunk } from '../../wire/openrouter/chunk.ts'
import { maybe, nullable, oneOf, open } from '../../wire/schema.ts'
import { type DemoMessage, textsOf } from './conversation.ts'
import { type Block, findBlocks } from './fence.ts'

const Pieces = Type.Union([Type.String(), Type.Array(Type.String())], {
  description: 'a string or a list of strings',
})

/** One tool call. A string as `input` is sent as the arguments' text, whatever it holds. */
const Call = open({
  tool: Type.String({ minLength: 1 }),
  input: Type.Optional(
    Type.Union([Type.Record(Type.String(), Type.Unknown()), Type.String()], {
      description: 'an object, or a string that is sent as it stands',
    }),
  ),
  id: Type.Optional(Type.String()),
  pieces: Type.Optional(Type.Integer({ minimum: 0 })),
})
export type Call = Static<typeof Call>

const ErrorStep = open({
  status: Type.Optional(Type.Integer({ minimum: 200, maximum: 599 })),
  message: Type.String(),
  error_type: maybe(Type.String()),
  retry_after: Type.Optional(Type.Number({ minimum: 0 })),
  times: Type.Optional(Type.Integer({ minimum: 1 })),
})
export type ErrorStep = Static<typeof ErrorStep>

/** The steps of a script by the key that names them. */
const STEPS = {
  text: open({ text: Pieces }),
  reasoning: open({
    reasoning: Pieces,
    signature: maybe(Type.String()),
    format: Type.Optional(Type.String()),
    encrypted: maybe(Type.String()),
  }),
  tool: Call,
  tools: open({ tools: Type.Array(Call, { minItems: 1 }) }),
  finish: open({ finish: nullable(Type.String()), native: maybe(Type.String()) }),
  wait_ms: open({ wait_ms: Type.Number({ minimum: 0 }) }),
  error: open({ error: ErrorStep }),
  cut: open({
    cut: Type.Union([Type.Literal(true), Type.Literal('reset')], { description: 'true or "reset"' }),
  }),
  hang: open({ hang: Type.Literal(true) }),
  chunks: open({ chunks: Type.Array(Type.Unsafe<Chunk>(open({}))) }),
  raw: open({ raw: Type.String() }),
  usage: open({ usage: Type.Unsafe<ChatUsage | null>(nullable(open({}))) }),
  expect: open({
    expect: open({ contains: Type.Optional(Type.String()), lacks: Type.Optional(Type.String()) }),
  }),
  echo: open({ echo: oneOf(['request']) }),
} as const

/** The key that names a step. */
export type StepKind = keyof typeof STEPS
export type StepOf<Kind extends StepKind> = Static<(typeof STEPS)[Kind]>
/** One step of a turn. */
export type Step = { [Kind in StepKind]: StepOf<Kind> }[StepKind]

/** A script, and where it was found. */
export interface Script {
  readonly turns: readonly (readonly Step[])[]
  /** The index of the message that holds it. */
  readonly at: number
}
type Reading<Value> = Value | { readonly fault: string }

/** Who may give the demo a script: never an answer, a tool call or a tool's result. */
const AUTHORS = new Set(['user', 'system', 'developer'])

/** The newest script of a conversation, undefined without one; a fault says where it is wrong. */
export const findScript = (messages: readonly DemoMessage[]): Reading<Script> | undefined => {
  for (let at = messages.length - 1; at >= 0; at--) {
    const block = messages
      .slice(at, at + 1)
      .flatMap(blocksOf)
      .at(-1)
    if (block) return readScript(block, at)
  }
  return undefined
}

const readScript = ({ script }: Block, at: number): Reading<Script> => {
  const turns = 'fault' in script ? script : readTurns(script.value)
  return 'fault' in turns ? { fault: `The demo script is broken: ${turns.fault}` } : { turns, at }
}

const blocksOf = (message: DemoMessage) =>
  AUTHORS.has(message.role) ? textsOf(message).flatMap(findBlocks) : []

const readTurns = (value: unknown): Reading<readonly (readonly Step[])[]> => {
  if (!Array.isArray(value)) return { fault: 'it must be a list of turns' }
  const faults = value.flatMap((turn: unknown, index) =>
    Array.isArray(turn)
      ? turn.flatMap((step: unknown, place) => faultOf(step, `turn ${index + 1}, step ${place + 1}`))
      : [`turn ${index + 1} must be a list of steps`],
  )
  return faults[0] === undefined ? (value as Step[][]) : { fault: faults[0] }
}

/** What kind of step an object is; undefined for one that is none. */
export const kindOf = (step: object): StepKind | undefined =>
  Object.keys(STEPS).find((name): name is StepKind => Object.hasOwn(step, name))

const faultOf = (step: unknown, where: string): string[] => {
  const fields = typeof step === 'object' && step !== null ? step : {}
  const kind = kindOf(fields)
  if (!kind) return [`${where} is none of ${Object.keys(STEPS).join(', ')}`]
  const stranger = Object.keys(fields).find((key) => !(key in STEPS[kind].properties))
  if (stranger !== undefined) return [`${where} (${kind}) has no ${JSON.stringify(stranger)}`]
  const error = Value.Errors(STEPS[kind] as TSchema, step).First()
  if (!error) return []
  const expected = error.schema.description ? `must be ${error.schema.description}` : error.message
  return [`${where}: ${error.path.slice(1).replaceAll('/', '.')}: ${expected}`]
}
