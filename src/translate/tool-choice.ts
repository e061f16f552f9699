import type { MessagesRequest } from '../wire/anthropic/request.ts'
import type { ToolChoice } from '../wire/anthropic/tools.ts'
import type { Target } from './target.ts'
import { toUpstreamToolName } from './tool-name.ts'
import { hostedTypeOf } from './tools.ts'

type Asked = Pick<MessagesRequest, 'tools' | 'tool_choice' | 'thinking'>

export interface TranslatedChoice {
  readonly options: Record<string, unknown>
  /** What to tell a model that cannot be forced. */
  readonly reminder: string | undefined
}

/** `tool_choice`, and with it parallel calls (openrouter §7.3); nothing at all where there are no tools. */
export function toToolChoice(request: Asked, hasTools: boolean, target: Target): TranslatedChoice {
  const { tool_choice: choice } = request
  if (!choice || !hasTools) return { options: {}, reminder: undefined }
  const options = {
    tool_choice: toChoice(choice, request, target),
    ...(wantsSingleCall(request) ? { parallel_tool_calls: false } : {}),
  }
  const isForced = choice.type === 'any' || choice.type === 'tool'
  if (!isForced || canForce(request, target)) return { options, reminder: undefined }
  return { options: { ...options, tool_choice: 'auto' }, reminder: reminderOf(choice) }
}

/** Whether the client can do with one call at a time only (Anthropic API, 2.6). */
export const wantsSingleCall = ({ tool_choice: choice }: Pick<Asked, 'tool_choice'>): boolean =>
  Boolean(choice && 'disable_parallel_tool_use' in choice && choice.disable_parallel_tool_use)

function toChoice(choice: ToolChoice, { tools }: Asked, target: Target): unknown {
  switch (choice.type) {
    case 'auto':
    case 'none':
      return choice.type
    case 'any':
      return 'required'
    case 'tool': {
      const tool = tools?.find((candidate) => 'name' in candidate && candidate.name === choice.name)
      const hosted = tool && hostedTypeOf(tool, target)
      return hosted
        ? { type: hosted }
        : { type: 'function', function: { name: toUpstreamToolName(choice.name) } }
    }
  }
}

/** Claude models that refuse a forced call. */
const REFUSES_FORCE = /claude-(opus-5\.5|sonnet-5\.5|haiku-5\.5|(fable|mythos)-5(\.1)?$)/

/** Whether the target makes a call when it is told that it must. */
export function canForce({ thinking }: Asked, { family, model, facts }: Target): boolean {
  if (facts.supportedParameters && !facts.supportedParameters.includes('tool_choice')) return false
  // Claude refuses to be forced while it thinks with a budget.
  return family !== 'anthropic' || !(thinking?.type === 'enabled' || REFUSES_FORCE.test(model))
}

const reminderOf = (choice: ToolChoice): string =>
  choice.type === 'tool'
    ? `Call the tool ${toUpstreamToolName(choice.name)} now.`
    : 'Call one of the tools now.'
