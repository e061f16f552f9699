import { invalidRequest } from '../core/errors.ts'
import type { CustomTool, ServerTool, Tool, ToolChoice, TypedClientTool } from '../wire/anthropic/tools.ts'
import type { ChatTool, FunctionTool, HostedTool } from '../wire/openrouter/request.ts'
import { cacheMark } from './cache-mark.ts'
import { toParameters } from './schema.ts'
import type { Target } from './target.ts'
import { toUpstreamToolName } from './tool-name.ts'
import type { Turn } from './turns.ts'
import { knownTool } from './typed-tools.ts'

export interface TranslatedTools {
  readonly tools: readonly ChatTool[]
  /** Names as the upstream knows them → as the client does. */
  readonly names: ReadonlyMap<string, string>
}

/** The request's tools as functions, or as tools that OpenRouter runs (openrouter §7.3). */
export function toTools(tools: readonly Tool[], turns: readonly Turn[], target: Target): TranslatedTools {
  const offered = withoutDeferred(tools, turns)
  const names = new Map<string, string>()
  const translated = offered.flatMap((tool): ChatTool[] => {
    const result = toTool(tool, target)
    if (result?.type === 'function' && 'name' in tool && typeof tool.name === 'string')
      names.set(result.function.name, tool.name)
    return result ? [result] : []
  })
  return { tools: translated, names }
}

/** What kind of tool it is. Always told by `type`, never by name: a client may call its own tool web_search. */
type Kind = 'custom' | 'client' | 'web_search' | 'web_fetch' | 'tool_search' | 'openrouter' | 'unsupported'

function kindOf(tool: Tool): Kind {
  const type = tool.type ?? ''
  if (type === '' || type === 'custom') return 'custom'
  if (/^(bash|text_editor|memory|computer)_/.test(type)) return 'client'
  if (type.startsWith('web_search_')) return 'web_search'
  if (type.startsWith('web_fetch_')) return 'web_fetch'
  if (type.startsWith('tool_search_')) return 'tool_search'
  return type.startsWith('openrouter:') ? 'openrouter' : 'unsupported'
}

function toTool(tool: Tool, target: Target): ChatTool | undefined {
  switch (kindOf(tool)) {
    case 'custom':
      return toFunction(tool as CustomTool, target)
    case 'client':
      return toKnownFunction(tool as TypedClientTool, target)
    case 'web_search':
      return hosted('openrouter:web_search', webSearchOptions(tool as ServerTool), tool, target)
    case 'web_fetch':
      return hosted('openrouter:web_fetch', webFetchOptions(tool as ServerTool), tool, target)
    case 'openrouter':
      return hosted(undefined, undefined, tool, target)
    case 'tool_search':
      // Every deferred tool is offered from the start instead; see withoutDeferred.
      return undefined
    case 'unsupported':
      throw invalidRequest(`tools: this server does not offer tools of type '${tool.type}'`)
  }
}

function toFunction(tool: CustomTool, target: Target): FunctionTool {
  return {
    type: 'function',
    function: {
      name: toUpstreamToolName(tool.name),
      ...describe(tool.description, tool.input_examples),
      parameters: toParameters(tool.input_schema, target.family),
      ...(tool.strict ? { strict: true } : {}),
    },
    ...cacheMark(tool, target),
  }
}

function toKnownFunction(tool: TypedClientTool, target: Target): FunctionTool {
  const { description, parameters } = knownTool(tool)
  return {
    type: 'function',
    function: {
      name: toUpstreamToolName(tool.name),
      ...describe(description, tool.input_examples),
      parameters: toParameters(parameters, target.family),
    },
    ...cacheMark(tool, target),
  }
}

/** Chat completions have no place for examples, so they join the description. */
function describe(
  description: string | null | undefined,
  examples: readonly unknown[] | null | undefined,
): { description?: string } {
  if (!examples?.length) return description ? { description } : {}
  const list = examples.map((example) => JSON.stringify(example)).join('\n')
  return { description: `${description ?? ''}\n\nExamples of valid input:\n${list}`.trim() }
}

function hosted(
  type: HostedTool['type'] | undefined,
  parameters: Record<string, unknown> | undefined,
  tool: Tool,
  target: Target,
): HostedTool {
  if (!target.openrouter)
    throw invalidRequest(
      `tools: '${tool.type}' is run by OpenRouter, but this server's upstream is another one; offer a tool of your own`,
    )
  if (type === undefined) return tool as HostedTool
  return parameters && Object.keys(parameters).length > 0 ? { type, parameters } : { type }
}

const webSearchOptions = (tool: ServerTool): Record<string, unknown> =>
  present({
    max_uses: tool.max_uses,
    allowed_domains: tool.allowed_domains,
    excluded_domains: tool.blocked_domains,
    user_location: tool.user_location,
  })

const webFetchOptions = (tool: ServerTool): Record<string, unknown> =>
  present({
    max_uses: tool.max_uses,
    allowed_domains: tool.allowed_domains,
    blocked_domains: tool.blocked_domains,
    max_content_tokens: tool.max_content_tokens,
  })

const present = (fields: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== null))

/**
 * Deferred tools stay away until the conversation has loaded or used them. Claude Code loads them with a
 * `tool_reference` in a tool result; a server-side tool search cannot be asked here, so it loads all.
 */
function withoutDeferred(tools: readonly Tool[], turns: readonly Turn[]): readonly Tool[] {
  if (!tools.some((tool) => 'defer_loading' in tool && tool.defer_loading)) return tools
  if (tools.some((tool) => kindOf(tool) === 'tool_search')) return tools
  const loaded = loadedToolNames(turns)
  return tools.filter(
    (tool) => !('defer_loading' in tool && tool.defer_loading) || ('name' in tool && loaded.has(tool.name)),
  )
}

function loadedToolNames(turns: readonly Turn[]): ReadonlySet<unknown> {
  const names = new Set<unknown>()
  for (const { content } of turns)
    for (const block of content) {
      if (block.type === 'tool_use') names.add(block.name)
      if (block.type === 'tool_reference') names.add(block.tool_name)
      if (block.type === 'tool_addition') names.add(changedTool(block.tool))
      if (block.type === 'tool_removal') names.delete(changedTool(block.tool))
      if (block.type === 'tool_result' && Array.isArray(block.content))
        for (const inner of block.content) if (inner.type === 'tool_reference') names.add(inner.tool_name)
    }
  return names
}

const changedTool = (tool: Readonly<Record<string, unknown>>): unknown => tool['tool_name'] ?? tool['name']

/** tool_choice, and with it parallel calls; nothing at all where there are no tools. */
export function toToolChoice(
  choice: ToolChoice | null | undefined,
  hasTools: boolean,
  canForce: boolean,
): Record<string, unknown> {
  if (!choice || !hasTools) return {}
  const parallel =
    'disable_parallel_tool_use' in choice && choice.disable_parallel_tool_use
      ? { parallel_tool_calls: false }
      : {}
  switch (choice.type) {
    case 'auto':
      return { tool_choice: 'auto', ...parallel }
    case 'none':
      return { tool_choice: 'none' }
    case 'any':
      return { tool_choice: canForce ? 'required' : 'auto', ...parallel }
    case 'tool': {
      const name = toUpstreamToolName('name' in choice ? String(choice.name) : '')
      return { tool_choice: canForce ? { type: 'function', function: { name } } : 'auto', ...parallel }
    }
  }
}
