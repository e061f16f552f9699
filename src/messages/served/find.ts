import type { RequestContext } from '../../core/context.ts'
import { sessionIdOf } from '../../translate/options.ts'
import type { Target } from '../../translate/target.ts'
import { kindOf } from '../../translate/tools.ts'
import { nameOfTool } from '../../wire/anthropic/offered-tools.ts'
import type { MessagesRequest } from '../../wire/anthropic/request.ts'
import type { Tool } from '../../wire/anthropic/tools.ts'
import { conversationOf } from '../conversations.ts'
import type { Services } from '../services.ts'
import { agentsOf, type AnswerWhole } from './agent.ts'
import { codeToolsOf, isCodeExecution } from './code-tools.ts'
import { helpersWith } from './helpers.ts'
import { asksForMcp, openMcpTools } from './mcp-tools.ts'
import { isOwn, type OwnTerms, ownToolsOf } from './own-tools.ts'
import type { ServedTools } from './tool.ts'
import { webToolsOf } from './web-tools.ts'

/** Whether the server may have to run something for a request. Cheap, as every request is asked. */
export function asksForServed(
  request: MessagesRequest,
  targets: readonly Target[],
  caller: RequestContext['caller'],
): boolean {
  const { tools, mcp_servers } = request
  if ((targets[0]?.serverTools.length ?? 0) > 0 || (caller?.serverTools.length ?? 0) > 0) return true
  if (!tools?.length && !mcp_servers?.length) return false
  return asksForMcp(request) || (tools ?? []).some((tool) => isServed(tool, targets))
}

/** Most tools have no type, and then they are the client's. */
function isServed(tool: Tool, targets: readonly Target[]): boolean {
  if (!tool.type || tool.type === 'custom') return false
  if (isOwn(tool) || isCodeExecution(tool)) return true
  return isWeb(tool) && targets.some(({ webTools }) => webTools === 'served')
}

const isWeb = (tool: Tool): boolean => {
  const kind = kindOf(tool)
  return kind === 'web_search' || kind === 'web_fetch'
}

/** Gets ready what the server runs for a request. Throws a `Failure` for what it does not run, and says why. */
export async function openServedTools(
  request: MessagesRequest,
  targets: readonly Target[],
  services: Services,
  context: RequestContext,
  answerWhole: AnswerWhole,
): Promise<ServedTools> {
  const asked = request.tools ?? []
  const tools = [...asked, ...givenTools(asked, targets, services, context)]
  const { web, mcp } = services.serverTools
  const terms: OwnTerms = {
    toolbox: services.tools,
    context,
    conversation: nameConversation(request, context),
    helpersFor: helpersWith(web, async (task, run) => {
      const names = own.definitions.map(({ name }) => name)
      return agentsOf(request, names, services, answerWhole)(task, run)
    }),
  }
  const own = ownToolsOf(tools, terms)
  const code = codeToolsOf(tools, terms)
  const opened = await openMcpTools(request, mcp, context.signal)
  return {
    tools: [...webToolsOf(tools, targets, web), ...code.tools, ...own.tools, ...opened.tools],
    offered: [
      ...tools.filter((tool) => !isExpanded(tool)),
      ...code.definitions,
      ...own.definitions,
      ...opened.definitions,
    ],
    close: async () => opened.close(),
  }
}

/** What the operator offers with the model or the key. Agents have what they were given, and nobody is refused for what they did not ask. */
function givenTools(
  asked: readonly Tool[],
  [target]: readonly Target[],
  { tools, serverTools }: Services,
  { caller }: RequestContext,
): readonly Tool[] {
  if (!tools || !target || serverTools.agents.depth > 0 || caller?.allowsTools === false) return []
  const taken = new Set(asked.map(nameOfTool))
  const free = ['*', ...tools.tools.map(({ name }) => name)].filter((name) => !taken.has(name))
  const given = new Set([...target.serverTools, ...(caller?.serverTools ?? [])])
  return [...given].filter((name) => free.includes(name)).map((name) => ({ type: `server:${name}` }))
}

/** What stands for other tools, and is none itself. */
const isExpanded = (tool: Tool): boolean =>
  isOwn(tool) || isCodeExecution(tool) || tool.type === 'mcp_toolset'

/** What tools remember belongs to a conversation. Clients without sessions send its beginning again with every request. */
function nameConversation(request: MessagesRequest, { protocol, owner }: RequestContext): string {
  const named = conversationOf(sessionIdOf(request, protocol.sessionId), protocol.agentId)
  const beginning = JSON.stringify(request.messages.find(({ role }) => role === 'user')?.content ?? '')
  return `${owner} ${named ?? Bun.hash(beginning).toString(36)}`
}
