import type { RequestContext } from '../../core/context.ts'
import type { Look, ServedOutput } from '../../translate/served/look.ts'
import type { NameOf, ServedUseBlock } from '../../translate/served/unstitch.ts'
import type { Tool } from '../../wire/anthropic/tools.ts'
import type { Account } from '../account.ts'

/** A tool that this server runs for one request. */
export interface ServedTool {
  /** The name by which the model calls it. */
  readonly name: string
  readonly look: Look
  /** Whether it may run beside other tools of the same turn. */
  readonly parallelSafe: boolean
  /** Never throws for what the model or the tool does wrong; throws the signal's reason when that fires. */
  readonly run: (input: Readonly<Record<string, unknown>>, run: ToolRun) => Promise<ServedOutput>
}

/** What one run has to work with. */
export interface ToolRun {
  /** Fires when the answer is no longer wanted, or its time is up. */
  readonly signal: AbortSignal
  readonly context: RequestContext
  /** Whose bill it goes on. */
  readonly account: Account
  readonly callId: string
}

/** All tools that the server runs for one request. */
export interface ServedTools {
  readonly tools: readonly ServedTool[]
  /** What the model is offered in the place of the request's tools. */
  readonly offered: readonly Tool[]
  /** Lets go of what was opened for the request. */
  readonly close: () => Promise<void>
}

/** By which name a call of an earlier answer can be made now. */
export function nameIn(tools: readonly ServedTool[]): NameOf {
  return (block) => tools.find(({ look }) => isLookOf(look, block))?.name
}

const isLookOf = (look: Look, block: ServedUseBlock): boolean =>
  block.type === 'server_tool_use'
    ? look.kind === 'server' && look.name === block.name
    : look.kind === 'mcp' && look.server === block.server_name && look.name === block.name
