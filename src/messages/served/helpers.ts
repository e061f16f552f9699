import { ToolFailure } from '../../tools/failure.ts'
import type { AgentTask, ToolHelpers } from '../../tools/helpers.ts'
import type { ToolContent } from '../../tools/tool.ts'
import type { Look, ServedOutput } from '../../translate/served/look.ts'
import { toResultBlock } from '../../translate/served/look.ts'
import { toToolResult } from '../../translate/served/read-result.ts'
import type { Web } from '../../web/web.ts'
import type { ServedTool, ToolRun } from './tool.ts'
import { fetchTool, searchTool } from './web-tools.ts'

/** Lets another agent do a task, on this run's account. */
export type RunAgent = (task: AgentTask, run: ToolRun) => Promise<string>

/** What the tools of one run may ask of the answer, and what was found for an official block. */
export type HelpersFor = (run: ToolRun) => {
  readonly helpers: ToolHelpers
  readonly taken: () => ServedOutput | undefined
}

/** Joins the helpers of an answer. */
export const helpersWith =
  (web: Web, runAgent: RunAgent): HelpersFor =>
  (run) => {
    let taken: ServedOutput | undefined
    const ask = async (tool: ServedTool, input: Readonly<Record<string, unknown>>): Promise<ToolContent> => {
      taken = await tool.run(input, run)
      if (taken.isError) throw new ToolFailure('failed', textOf(taken, tool.look))
      return contentOf(taken, tool.look)
    }
    return {
      taken: () => taken,
      helpers: {
        searchWeb: async ({ query, allowedDomains, blockedDomains }) =>
          ask(
            searchTool(
              {
                name: 'WebSearch',
                allowed_domains: [...allowedDomains],
                blocked_domains: [...blockedDomains],
              },
              web,
            ),
            { query },
          ),
        fetchPage: async (url) => ask(fetchTool({ name: 'WebFetch' }, web), { url }),
        runAgent: async (task) => runAgent(task, run),
      },
    }
  }

/** What the model would read of it. */
function contentOf(output: ServedOutput, look: Look): ToolContent {
  if (output.content) return output.content as ToolContent
  const block = toResultBlock({ id: '', name: '', input: {} }, look, output)
  return (toToolResult(block as Parameters<typeof toToolResult>[0]).content ?? '') as ToolContent
}

const textOf = (output: ServedOutput, look: Look): string => {
  const content = contentOf(output, look)
  return typeof content === 'string'
    ? content
    : content.map((block) => (block.type === 'text' ? block.text : '')).join('\n')
}
