import type { RequestContext, Trace } from '../../core/context.ts'
import { ToolFailure } from '../../tools/failure.ts'
import type { AgentTask } from '../../tools/helpers.ts'
import type { Toolbox } from '../../tools/toolbox.ts'
import type { MessagesRequest } from '../../wire/anthropic/request.ts'
import type { MessageResponse } from '../../wire/anthropic/response.ts'
import type { Services } from '../services.ts'
import type { RunAgent } from './helpers.ts'
import type { ToolRun } from './tool.ts'

/** Answers a request of the server's own, like one that came from outside. */
export type AnswerWhole = (
  request: MessagesRequest,
  services: Services,
  context: RequestContext,
) => Promise<MessageResponse>

const PROMPT =
  'You are an agent that does one task with the tools that you have. Nobody can answer questions. When you are done, ' +
  'report what was asked for: findings, names of files, results of commands. Your last message is all that is seen.'

/**
 * Agents for the tasks of one answer. They have the answer's model and its own tools, and what they cost is on its
 * account; beyond a certain depth they cannot give tasks to others.
 */
export const agentsOf =
  (
    asked: MessagesRequest,
    names: readonly string[],
    services: Services,
    answerWhole: AnswerWhole,
  ): RunAgent =>
  async (task, run) => {
    const { agents } = services.serverTools
    if (agents.depth >= agents.maxDepth)
      throw new ToolFailure('refused', 'An agent at this depth gives no tasks to others; do it yourself.')
    const trace = quietTrace(run.context.trace)
    const context = contextOf(run, trace)
    const message = await answerWhole(requestOf(task, asked, names, services), inner(services, run), context)
    run.account.add(trace)
    return reportOf(message)
  }

/** What is left of the answer's money is what the agent may spend. */
function inner(services: Services, { account }: ToolRun): Services {
  const { limits, agents } = services.serverTools
  const { maxCostUsd } = limits
  const left = maxCostUsd === undefined ? undefined : Math.max(0, maxCostUsd - account.costUsd())
  return {
    ...services,
    serverTools: {
      ...services.serverTools,
      limits: { ...limits, maxCostUsd: left },
      agents: { ...agents, depth: agents.depth + 1 },
    },
  }
}

function contextOf({ context, signal, callId }: ToolRun, trace: Trace): RequestContext {
  const { id, log, owner, caller, protocol } = context
  return {
    id,
    log,
    owner,
    caller,
    signal,
    trace,
    // Routes for sub-agents and the memory of conversations tell agents apart by it.
    protocol: { ...protocol, agentId: callId, route: undefined },
  }
}

function requestOf(
  { prompt, kind }: AgentTask,
  asked: MessagesRequest,
  names: readonly string[],
  { tools, serverTools: { agents } }: Services,
): MessagesRequest {
  const mayDelegate = agents.depth + 1 < agents.maxDepth
  const chosen = names.filter((name) => isFor(kind, name, mayDelegate, tools))
  const { model, max_tokens, thinking } = asked
  return {
    model,
    max_tokens,
    system: PROMPT,
    messages: [{ role: 'user', content: prompt }],
    tools: chosen.map((name) => ({ type: `server:${name}` })),
    ...(thinking ? { thinking } : {}),
  }
}

function isFor(
  kind: AgentTask['kind'],
  name: string,
  mayDelegate: boolean,
  toolbox: Toolbox | undefined,
): boolean {
  const tool = toolbox?.find(name)
  if (!tool || (tool.nested && !mayDelegate)) return false
  // What may run beside others changes nothing.
  return kind !== 'explore' || tool.parallelSafe
}

/** Notes what the agent's calls cost, and nothing else: the request's own trace is the one that people read. */
function quietTrace(answer: Trace): Trace {
  const notes = new Map<string, unknown>()
  return {
    step: (_, run) => run(),
    open: () => () => {},
    note: (key, value) => void notes.set(key, value),
    noted: (key) => notes.get(key),
    warn: () => {},
    describe: () => {},
    stamp: () => {},
    fail: () => {},
    // Its calls stand under the step that runs the task.
    traceparent: () => answer.traceparent(),
  }
}

function reportOf({ content, stop_reason }: MessageResponse): string {
  const last = content.findLastIndex(({ type }) => type !== 'text')
  const text = content
    .slice(last + 1)
    .map((block) => (block.type === 'text' ? block.text : ''))
    .join('\n')
    .trim()
  const end = ENDS[stop_reason ?? '']
  if (text === '' && !end) return 'The agent has ended without a report.'
  return end ? `${text}\n\n[The agent was stopped: ${end}.]`.trim() : text
}

const ENDS: Readonly<Record<string, string>> = {
  pause_turn: 'it met a limit of turns, time or cost, so the task may not be done',
  max_tokens: 'its report was longer than it may be',
  refusal: 'the model refused',
}
