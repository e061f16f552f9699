import type { Family } from './family.ts'
import type { Schema } from './subschemas.ts'
import type { UsageTerms } from './usage.ts'

/** How a tool takes its arguments. */
export interface ToolInput {
  /** What they must fit, as the client wrote it. */
  readonly schema: Schema
  /** The client wants their text as it comes, valid or not (Anthropic API, fine-grained tool streaming). */
  readonly eager: boolean
}

/** What the answer must know of its request. */
export interface AnswerTerms {
  /** The message's id, `msg_…`. */
  readonly id: string
  /** The model name the client asked for; it is echoed, whatever model answers. */
  readonly model: string
  readonly family: Family
  /** A guess for `message_start`; the true number comes with `message_delta`. */
  readonly inputTokens: number
  readonly stopSequences: readonly string[]
  /** Tool names as the upstream knows them → as the client does. */
  readonly toolNames: ReadonlyMap<string, string>
  /** By the names that the upstream knows. */
  readonly toolInputs: ReadonlyMap<string, ToolInput>
  /** Tool-call ids that the conversation has used already. */
  readonly takenToolIds: ReadonlySet<string>
  readonly hideThinking: boolean
  /** The client takes one call at a time; models may make several all the same. */
  readonly singleCall: boolean
  /** The request asked for edits of its context; none is applied here, and the answer says so. */
  readonly asksContextEdits: boolean
  /** The client asked for a web search that the upstream makes: its annotations are citations. */
  readonly citesWeb: boolean
  /** The answer shall also hold what Anthropic's has no place for. */
  readonly details: boolean
  readonly usage: UsageTerms
}
