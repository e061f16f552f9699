import { invalidRequest } from '../core/errors.ts'
import type { ContentBlock } from '../wire/anthropic/content.ts'
import type { MessagesRequest } from '../wire/anthropic/request.ts'
import type { CustomTool, ServerTool, Tool, TypedClientTool } from '../wire/anthropic/tools.ts'
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

type Asked = Pick<MessagesRequest, 'tools' | 'tool_choice' | 'openrouter'>

/** The request's tools as functions, or as tools that OpenRouter runs (openrouter §7.3). */
export function toTools(request: Asked, turns: readonly Turn[], target: Target): TranslatedTools {
  const names = new Map<string, string>()
  const tools: ChatTool[] = []
  for (const tool of offeredTools(request, turns)) {
    const translated = toTool(tool, target)
    if (translated) tools.push(translated)
    if (translated?.type === 'function') names.set(translated.function.name, nameOf(tool))
  }
  for (const tool of extraTools(request)) {
    tools.push(tool)
    if (tool.type === 'function') names.set(tool.function.name, tool.function.name)
  }
  return { tools, names }
}

/** Tools in the form of chat completions, which a client may send in `openrouter.tools_extra`. */
function extraTools({ openrouter }: Asked): readonly ChatTool[] {
  const extra = (openrouter as { tools_extra?: unknown } | null | undefined)?.tools_extra
  return Array.isArray(extra) ? (extra as readonly ChatTool[]) : []
}

/** What kind of tool it is. Always told by `type`, never by name: a client may call its own tool web_search. */
type Kind = 'custom' | 'client' | 'web_search' | 'web_fetch' | 'tool_search' | 'openrouter' | 'unsupported'

const KINDS: ReadonlyArray<readonly [RegExp, Kind]> = [
  [/^(custom)?$/, 'custom'],
  [/^(bash|text_editor|memory|computer)_\d/, 'client'],
  [/^web_search_/, 'web_search'],
  [/^web_fetch_/, 'web_fetch'],
  [/^tool_search_/, 'tool_search'],
  [/^openrouter:/, 'openrouter'],
]

function kindOf(tool: Tool): Kind {
  const type = tool.type ?? ''
  return KINDS.find(([pattern]) => pattern.test(type))?.[1] ?? 'unsupported'
}

const nameOf = (tool: Tool): string => ('name' in tool && typeof tool.name === 'string' ? tool.name : '')

function toTool(tool: Tool, target: Target): ChatTool | undefined {
  switch (kindOf(tool)) {
    case 'custom':
      return toFunction(tool as CustomTool, target)
    case 'client':
      return toKnownFunction(tool as TypedClientTool, target)
    case 'web_search':
    case 'web_fetch':
      return toHosted(tool as ServerTool, target)
    case 'openrouter':
      return refuseElsewhere(tool as HostedTool, target)
    case 'tool_search':
      // Every deferred tool is offered from the start instead; see offeredTools.
      return undefined
    case 'unsupported':
      throw invalidRequest(`tools: this server does not offer tools of type '${tool.type}'`)
  }
}

function toFunction(tool: CustomTool, target: Target): FunctionTool {
  const { schema, strict } = toParameters(tool.input_schema, target.family, tool.strict === true)
  // OpenRouter asks Claude for it by itself, but may be told not to.
  const eager = target.openrouter && target.family === 'anthropic' ? tool.eager_input_streaming : undefined
  return {
    type: 'function',
    function: {
      name: toUpstreamToolName(tool.name),
      ...describe(tool.description, tool.input_examples),
      parameters: schema,
      ...(strict ? { strict } : {}),
    },
    ...(typeof eager === 'boolean' ? { eager_input_streaming: eager } : {}),
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
      parameters: toParameters(parameters, target.family, false).schema,
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

// — tools that the service runs —

/** OpenRouter's tool for a server tool of Anthropic's; undefined for all others. */
export function hostedTypeOf(tool: Tool): HostedTool['type'] | undefined {
  const kind = kindOf(tool)
  return kind === 'web_search' || kind === 'web_fetch' ? `openrouter:${kind}` : undefined
}

function toHosted(tool: ServerTool, target: Target): HostedTool {
  const type = hostedTypeOf(tool) ?? 'openrouter:web_search'
  const { max_uses, allowed_domains, blocked_domains, user_location, max_content_tokens } = tool
  const parameters =
    type === 'openrouter:web_search'
      ? { max_uses, allowed_domains, excluded_domains: blocked_domains, user_location }
      : { max_uses, allowed_domains, blocked_domains, max_content_tokens }
  const given = Object.entries(parameters).filter(([, value]) => value !== undefined && value !== null)
  const hosted = given.length > 0 ? { type, parameters: Object.fromEntries(given) } : { type }
  return refuseElsewhere(hosted, target, tool.type)
}

function refuseElsewhere(hosted: HostedTool, target: Target, asked: string = hosted.type): HostedTool {
  if (target.openrouter) return hosted
  throw invalidRequest(
    `tools: '${asked}' is run by OpenRouter, but this server's upstream is another one; offer a tool of your own`,
  )
}

// — which tools are offered —

/**
 * The tools that the model may call now: those of the request, changed by what the conversation's system messages
 * added and removed. Deferred ones stay away until the conversation has loaded or used them: Claude Code loads them
 * with a `tool_reference` in a tool result. A server-side tool search cannot be asked here, so it loads all.
 */
function offeredTools({ tools, tool_choice }: Asked, turns: readonly Turn[]): readonly Tool[] {
  const known = tools ?? []
  const changes = changesOf(turns)
  if (changes.added.size === 0 && changes.removed.size === 0 && !known.some(isDeferred)) return known
  const all = [...known.filter((tool) => !changes.added.has(nameOf(tool))), ...changes.added.values()]
  const isSearchable = all.some((tool) => kindOf(tool) === 'tool_search')
  const forced = tool_choice?.type === 'tool' ? tool_choice.name : undefined
  return all.filter((tool) => {
    const name = nameOf(tool)
    if (changes.removed.has(name)) return false
    return !isDeferred(tool) || isSearchable || changes.loaded.has(name) || name === forced
  })
}

const isDeferred = (tool: Tool): boolean => 'defer_loading' in tool && tool.defer_loading === true

/** What the conversation so far has done to the tools, by name. */
interface ToolChanges {
  readonly loaded: Set<string>
  readonly removed: Set<string>
  readonly added: Map<string, Tool>
}

function changesOf(turns: readonly Turn[]): ToolChanges {
  const changes: ToolChanges = { loaded: new Set(), removed: new Set(), added: new Map() }
  for (const { content } of turns) for (const block of content) noteChange(changes, block)
  return changes
}

function noteChange(changes: ToolChanges, block: ContentBlock): void {
  switch (block.type) {
    case 'tool_use':
      changes.loaded.add(block.name)
      return
    case 'tool_reference':
      changes.loaded.add(block.tool_name)
      return
    case 'tool_result':
      for (const inner of Array.isArray(block.content) ? block.content : [])
        if (inner.type === 'tool_reference') changes.loaded.add(inner.tool_name)
      return
    case 'tool_addition': {
      const { name, definition } = changedTool(block.tool)
      changes.removed.delete(name)
      changes.loaded.add(name)
      if (definition) changes.added.set(name, definition)
      return
    }
    case 'tool_removal': {
      const { name } = changedTool(block.tool)
      changes.removed.add(name)
      changes.loaded.delete(name)
      return
    }
    default:
  }
}

/** A tool is named, or given whole. */
function changedTool(tool: Readonly<Record<string, unknown>>): { name: string; definition?: Tool } {
  const { name, tool_name, definition } = tool
  const known = [name, tool_name].find((given) => typeof given === 'string') ?? ''
  if (typeof definition !== 'object' || definition === null) return { name: known }
  return { name: nameOf(definition as Tool), definition: definition as Tool }
}
