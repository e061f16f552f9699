import { invalidRequest } from '../core/errors.ts'
import { nameOfTool, offeredTools } from '../wire/anthropic/offered-tools.ts'
import type { MessagesRequest } from '../wire/anthropic/request.ts'
import type { CustomTool, ServerTool, Tool, TypedClientTool } from '../wire/anthropic/tools.ts'
import type { ChatTool, FunctionTool, HostedTool } from '../wire/openrouter/request.ts'
import { cacheMark, withMarkedTool } from './cache-mark.ts'
import { toParameters } from './schema.ts'
import { webFunction } from './served/web-functions.ts'
import { isSchema, type Schema } from './subschemas.ts'
import type { Target } from './target.ts'
import type { ToolInput } from './terms.ts'
import { toUpstreamToolName } from './tool-name.ts'
import type { Turn } from './turns.ts'
import { knownTool } from './typed-tools.ts'

export interface TranslatedTools {
  readonly tools: readonly ChatTool[]
  /** Names as the upstream knows them → as the client does. */
  readonly names: ReadonlyMap<string, string>
  /** How each takes its arguments, by the names that the upstream knows. */
  readonly inputs: ReadonlyMap<string, ToolInput>
}

type Asked = Pick<MessagesRequest, 'tools' | 'tool_choice' | 'openrouter'>

/** The request's tools as functions, or as tools that OpenRouter runs (openrouter §7.3). */
export function toTools(request: Asked, turns: readonly Turn[], target: Target): TranslatedTools {
  const names = new Map<string, string>()
  const inputs = new Map<string, ToolInput>()
  const tools: ChatTool[] = []
  const history = turns.flatMap((turn) => turn.content)
  for (const tool of offeredTools(request, history)) {
    const translated = toTool(tool, target)
    if (translated) tools.push(translated)
    if (translated?.type !== 'function') continue
    names.set(translated.function.name, nameOfTool(tool))
    inputs.set(translated.function.name, inputOf(tool, translated))
  }
  for (const tool of extraTools(request)) {
    tools.push(tool)
    if (tool.type !== 'function') continue
    names.set(tool.function.name, tool.function.name)
    inputs.set(tool.function.name, { schema: schemaOf(tool), eager: false })
  }
  return { tools: withKeptMark(tools, request, target), names, inputs }
}

/** The client's own schema, where it wrote one: its arguments are held against that, not what a provider takes of it. */
function inputOf(tool: Tool, translated: FunctionTool): ToolInput {
  const { input_schema: schema, eager_input_streaming: eager }: Partial<CustomTool> =
    'input_schema' in tool ? (tool as CustomTool) : {}
  return { schema: schema ?? schemaOf(translated), eager: eager === true }
}

const schemaOf = ({ function: { parameters } }: FunctionTool): Schema =>
  isSchema(parameters) ? parameters : {}

/** A breakpoint on a tool that is no function upstream, or not offered yet, moves to the last function. */
function withKeptMark(
  tools: readonly ChatTool[],
  { tools: given }: Asked,
  target: Target,
): readonly ChatTool[] {
  const mark = given?.findLast((tool) => 'cache_control' in tool && tool.cache_control)
  if (!mark || tools.some((tool) => 'cache_control' in tool)) return tools
  const { cache_control } = cacheMark(mark, target)
  return cache_control ? withMarkedTool(tools, cache_control) : tools
}

/** Tools in the form of chat completions, which a client may send in `openrouter.tools_extra`. */
function extraTools({ openrouter }: Asked): readonly ChatTool[] {
  const extra = (openrouter as { tools_extra?: unknown } | null | undefined)?.tools_extra
  return Array.isArray(extra) ? (extra as readonly ChatTool[]) : []
}

/** What kind of tool it is. Always told by `type`, never by name: a client may call its own tool web_search. */
export type Kind =
  | 'custom'
  | 'client'
  | 'web_search'
  | 'web_fetch'
  | 'tool_search'
  | 'openrouter'
  | 'own'
  | 'unsupported'

const KINDS: ReadonlyArray<readonly [RegExp, Kind]> = [
  [/^(custom)?$/, 'custom'],
  [/^(bash|text_editor|memory|computer)_\d/, 'client'],
  [/^web_search_/, 'web_search'],
  [/^web_fetch_/, 'web_fetch'],
  [/^tool_search_/, 'tool_search'],
  [/^openrouter:/, 'openrouter'],
  [/^server:/, 'own'],
]

/** What kind of tool it is, by its `type`. */
export function kindOf(tool: Tool): Kind {
  const type = tool.type ?? ''
  return KINDS.find(([pattern]) => pattern.test(type))?.[1] ?? 'unsupported'
}

function toTool(tool: Tool, target: Target): ChatTool | undefined {
  switch (kindOf(tool)) {
    case 'custom':
      return toFunction(tool as CustomTool, target)
    case 'client':
      return toKnownFunction(tool as TypedClientTool, target)
    case 'web_search':
    case 'web_fetch':
      return toWebTool(tool as ServerTool, target)
    case 'openrouter':
      return refuseElsewhere(tool as HostedTool, target)
    case 'tool_search':
      // Every deferred tool is offered from the start instead; see offeredTools.
      return undefined
    case 'own':
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

/** OpenRouter's tool for a server tool of Anthropic's; undefined for all others, and where this server runs it. */
export function hostedTypeOf(
  tool: Tool,
  { webTools }: Pick<Target, 'webTools'>,
): HostedTool['type'] | undefined {
  if (webTools === 'served') return undefined
  const kind = kindOf(tool)
  return kind === 'web_search' || kind === 'web_fetch' ? `openrouter:${kind}` : undefined
}

function toHosted(tool: ServerTool, target: Target): HostedTool {
  const type = hostedTypeOf(tool, target) ?? 'openrouter:web_search'
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

/** The model's own service runs it, or this server does, and then it is a function like others. */
function toWebTool(tool: ServerTool, target: Target): ChatTool {
  if (target.webTools !== 'served') return toHosted(tool, target)
  const { description, parameters } = webFunction(tool)
  return {
    type: 'function',
    function: {
      name: toUpstreamToolName(tool.name),
      description,
      parameters: toParameters(parameters, target.family, false).schema,
    },
    ...cacheMark(tool, target),
  }
}
