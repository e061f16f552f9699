import type { Outcome, RequestContext } from '../core/context.ts'
import { auditArguments } from '../tools/audit.ts'
import { TOOLS } from '../tools/registry.ts'
import { type Look, type ServedCall, type ServedOutput, toResultBlock } from '../translate/served/look.ts'
import { toToolResult } from '../translate/served/read-result.ts'
import type { ToolResultBlock } from '../wire/anthropic/content.ts'
import type { AnswerBlock } from '../wire/anthropic/response.ts'
import type { Account } from './account.ts'
import { failedOutput } from './served/failed.ts'
import type { Watch } from './served/limits.ts'
import type { ServedTool } from './served/tool.ts'

/** What came of one call: for the client, and for the model. */
export interface RunResult {
  readonly block: AnswerBlock
  readonly result: ToolResultBlock
}

/** What the runs of one answer share. */
interface Runs {
  readonly watch: Watch
  readonly context: RequestContext
  readonly account: Account
}

/**
 * Starts all calls of a turn; the results come in the order of the calls. Those that change something run alone, behind
 * what was called before them, so that a turn does what it would have done call by call. A run whose time is up has
 * failed; all others reject when the answer is no longer wanted.
 */
export function runCalls(
  calls: readonly ServedCall[],
  tools: ReadonlyMap<string, ServedTool>,
  runs: Runs,
): ReadonlyArray<Promise<RunResult>> {
  let barrier: Promise<unknown> = Promise.resolve()
  let running: Promise<unknown>[] = []
  const results = calls.map(async (call) => {
    const tool = tools.get(call.name)
    if (!tool) throw new Error(`there is no tool ${call.name}`)
    const ready = tool.parallelSafe ? barrier : Promise.all([barrier, ...running])
    const run = ready.then(async () => runCall(call, tool, runs))
    const settled = Promise.allSettled([run])
    if (tool.parallelSafe) running = [...running, settled]
    else {
      barrier = settled
      running = []
    }
    return run
  })
  // Whoever waits for the first one may never ask for the others.
  void Promise.allSettled(results)
  return results
}

async function runCall(
  call: ServedCall,
  tool: ServedTool,
  { watch, context, account }: Runs,
): Promise<RunResult> {
  const args = auditArguments(
    TOOLS.find(({ name }) => name === call.name),
    call.input,
  )
  const end: (outcome: Outcome) => void = context.trace.open('tools', { tool: call.name, arguments: args })
  try {
    watch.signal.throwIfAborted()
    const output = await tool.run(call.input, { signal: watch.signal, context, account, callId: call.id })
    end(output.isError ? 'error' : 'ok')
    return toRunResult(call, tool.look, output)
  } catch (error) {
    end(context.signal.aborted ? 'cancelled' : 'error')
    if (!watch.isLate()) throw error
    return toRunResult(call, tool.look, failedOutput(tool.look, 'unavailable', LATE))
  }
}

const LATE = 'The time for the tools of this answer is up; the tool was stopped.'

/** The model reads what the block says, or more where the block cannot say it. */
function toRunResult(call: ServedCall, look: Look, output: ServedOutput): RunResult {
  const block = toResultBlock(call, look, output)
  const result = toToolResult(block as Parameters<typeof toToolResult>[0])
  return { block, result: { ...result, ...(output.content ? { content: [...output.content] } : {}) } }
}
