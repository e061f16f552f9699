import type { RequestContext } from '../../core/context.ts'
import { type Failure as AnyFailure, Failure, invalidRequest } from '../../core/errors.ts'
import type { ToolHelpers } from '../../tools/helpers.ts'
import type { ToolCaller, ToolContent } from '../../tools/tool.ts'
import type { Toolbox } from '../../tools/toolbox.ts'
import type { Look, ServedOutput } from '../../translate/served/look.ts'
import type { CustomTool, Tool } from '../../wire/anthropic/tools.ts'
import { toExecution } from './execution.ts'
import { failedOutput } from './failed.ts'
import type { HelpersFor } from './helpers.ts'
import type { ServedTool, ToolRun } from './tool.ts'

const PREFIX = 'server:'
/** Asks for every tool that the server has, and the client has not. */
const ALL = `${PREFIX}*`

export const isOwn = ({ type }: Tool): boolean => type?.startsWith(PREFIX) ?? false

/** The server's own tools that a request asks for. */
export interface OwnTools {
  readonly tools: readonly ServedTool[]
  readonly definitions: readonly CustomTool[]
}

/** Who asks, and what with. */
export interface OwnTerms {
  readonly toolbox: Toolbox | undefined
  readonly context: RequestContext
  readonly helpersFor: HelpersFor
  /** Whose files' marks and lists of todos the tools see. */
  readonly conversation: string
}

/** Finds them. Throws a `Failure` where the server has none, or not that one, or this caller may not use them. */
export function ownToolsOf(tools: readonly Tool[], terms: OwnTerms): OwnTools {
  const asked = tools.filter(isOwn)
  if (asked.length === 0) return { tools: [], definitions: [] }
  const [first] = asked
  const toolbox = admit(first?.type ?? ALL, terms)
  const names = namesOf(asked, tools, toolbox)
  return {
    tools: names.map((name) => toServed(name, toolbox, terms)),
    definitions: toolbox.definitions().filter(({ name }) => names.includes(name)),
  }
}

function admit(type: string, { toolbox, context }: OwnTerms): Toolbox {
  if (context.caller?.allowsTools === false)
    throw new Failure('permission_error', `tools: '${type}': this API key may not use the server's tools`)
  if (toolbox) return toolbox
  throw invalidRequest(
    `tools: '${type}': this server runs no tools; its operator can switch them on with ` +
      'TOOL_EXECUTION_ENABLED=true and TOOL_WORKING_DIRECTORY=<folder>. Tools that the client runs have a `name` ' +
      'and an `input_schema`',
  )
}

function namesOf(asked: readonly Tool[], tools: readonly Tool[], toolbox: Toolbox): readonly string[] {
  const clients = new Set(tools.flatMap((tool) => ('name' in tool ? [tool.name] : [])))
  const all = toolbox.tools.map(({ name }) => name)
  const names = asked.flatMap(({ type }) => {
    if (type === ALL) return all.filter((name) => !clients.has(name))
    const name = type?.slice(PREFIX.length) ?? ''
    if (!all.includes(name)) throw unknown(name, all)
    if (clients.has(name)) throw invalidRequest('tools: Tool names must be unique.')
    return name
  })
  return [...new Set(names)]
}

const unknown = (name: string, all: readonly string[]): AnyFailure =>
  invalidRequest(`tools: '${PREFIX}${name}': there is no such tool; this server has ${all.join(', ')}`)

/** Anthropic's own tools that do the same; all others look like those of an MCP server. */
const LOOKS: Readonly<Record<string, Look>> = {
  Bash: { kind: 'server', name: 'bash_code_execution' },
  WebSearch: { kind: 'server', name: 'web_search' },
  WebFetch: { kind: 'server', name: 'web_fetch' },
}
const SERVER_NAME = 'server'

function toServed(name: string, toolbox: Toolbox, terms: OwnTerms): ServedTool {
  const look = LOOKS[name] ?? { kind: 'mcp', server: SERVER_NAME, name }
  return {
    name,
    look,
    parallelSafe: toolbox.find(name)?.parallelSafe ?? false,
    async run(input, run) {
      const { helpers, taken } = terms.helpersFor(run)
      const { content, isError } = await toolbox.run(name, input, callerOf(terms, run, helpers))
      return toOutput(look, content, isError, taken())
    },
  }
}

const callerOf = (
  { conversation }: OwnTerms,
  { context: { owner, log }, signal }: ToolRun,
  helpers: ToolHelpers,
): ToolCaller => ({ conversation, owner, signal, log, helpers })

/** Runs one of the server's own tools for another one, and gives its text. */
export async function runOwn(
  name: string,
  input: Readonly<Record<string, unknown>>,
  toolbox: Toolbox,
  terms: OwnTerms,
  run: ToolRun,
): Promise<{ readonly text: string; readonly isError: boolean }> {
  const { helpers } = terms.helpersFor(run)
  const { content, isError } = await toolbox.run(name, input, callerOf(terms, run, helpers))
  return { text: toTexts(content).join('\n'), isError }
}

/** `taken` is what a helper has found, in the form of an official block. */
function toOutput(
  look: Look,
  content: ToolContent,
  isError: boolean,
  taken: ServedOutput | undefined,
): ServedOutput {
  const texts = toTexts(content)
  const text = texts.join('\n')
  if (look.kind === 'server' && look.name === 'bash_code_execution')
    return { isError, shown: toExecution(text, isError) }
  if (look.kind === 'server')
    return taken ? { ...taken, content: toBlocks(content) } : failedOutput(look, 'invalid_tool_input', text)
  return { isError, shown: texts, ...(typeof content === 'string' ? {} : { content: toBlocks(content) }) }
}

const toBlocks = (content: ToolContent): NonNullable<ServedOutput['content']> =>
  typeof content === 'string' ? [{ type: 'text', text: content }] : content

/** What an MCP server's result can say of a file is that there is one. */
const toTexts = (content: ToolContent): readonly string[] =>
  typeof content === 'string'
    ? [content]
    : content.map((block) => (block.type === 'text' ? block.text : `[${block.type}]`))
