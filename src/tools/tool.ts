import type { Static, TObject } from '@sinclair/typebox'

import type { Fields, Logger } from '../core/context.ts'
import type { DocumentBlock, ImageBlock, TextBlock } from '../wire/anthropic/content.ts'
import type { ToolHelpers } from './helpers.ts'
import { compileInput } from './input.ts'
import type { ToolServices } from './services.ts'

/** Who asks for a run. */
export interface ToolCaller {
  /** Whose state the tools see: read marks, todo lists and background commands of one are hidden from all others. */
  readonly conversation: string
  /** A mark of the client's key, never the key. */
  readonly owner: string
  /** Fires when the answer is no longer wanted. */
  readonly signal: AbortSignal
  readonly log: Logger
  /** What the answer does that the tools run for. */
  readonly helpers: ToolHelpers
}

/** What a tool has to work with. */
export interface ToolContext extends ToolCaller, ToolServices {}

/** What the model gets to see, in Anthropic's form. */
export type ToolContent = string | ReadonlyArray<TextBlock | ImageBlock | DocumentBlock>

/** The two fields of a `tool_result` block that a run decides. */
export interface ToolResult {
  readonly content: ToolContent
  readonly isError: boolean
}

/** An input that was checked, and what it asks for. */
export interface CheckedCall {
  readonly input: Fields
  run(context: ToolContext): Promise<ToolContent>
}

/** A tool of the server, as the registry holds it. */
export interface Tool {
  readonly name: string
  /** What the model is told. */
  readonly description: string
  /** The form that is advertised. */
  readonly input: TObject
  /** Whether it may run beside other tools of the same turn. */
  readonly parallelSafe: boolean
  /** It runs other tools while it runs, so it takes no place among them. */
  readonly nested: boolean
  /** How often one owner may run it a minute. */
  readonly perMinute: number
  /** What an operator should know before allowing it. */
  readonly risk: string
  /** Fields that the audit log shows by their size only, as they hold the user's text. */
  readonly bulky: readonly string[]
  /** A limit of its own for the time a run takes; where there is none, the configured one holds. */
  timeLimitMs(input: Fields, defaultMs: number): number
  /** Throws a `ToolFailure` that names what is wrong with the input. */
  check(given: unknown): CheckedCall
}

interface ToolDefinition<Input extends TObject> {
  readonly name: string
  readonly description: string
  readonly input: Input
  readonly parallelSafe: boolean
  readonly nested?: boolean
  readonly perMinute: number
  readonly risk: string
  readonly bulky?: readonly string[]
  readonly timeLimitMs?: (input: Static<Input>, defaultMs: number) => number
  /** Turns other ways to write the same, as other clients' tools have them, into this one's. */
  readonly accept?: (given: Fields) => Fields
  run(input: Static<Input>, context: ToolContext): Promise<ToolContent>
}

/** Makes a tool. Its input's type ends here: outside, all tools are alike. */
export function defineTool<Input extends TObject>(definition: ToolDefinition<Input>): Tool {
  const { name, description, input, accept, bulky = [], nested = false } = definition
  const { parallelSafe, perMinute, risk } = definition
  const checkInput = compileInput(name, input, accept)
  return {
    name,
    description,
    input,
    parallelSafe,
    perMinute,
    risk,
    bulky,
    nested,
    timeLimitMs: (checked, defaultMs) =>
      definition.timeLimitMs?.(checked as Static<Input>, defaultMs) ?? defaultMs,
    check(given) {
      const checked = checkInput(given)
      return { input: checked as Fields, run: async (context) => definition.run(checked, context) }
    },
  }
}
