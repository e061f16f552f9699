import { invalidRequest } from '../../core/errors.ts'
import type { CustomTool, Tool } from '../../wire/anthropic/tools.ts'
import { checkJsonSchema } from './json-schema.ts'
import { insideBlock, type Located, type Subject } from './subject.ts'

/** The tools can be told apart and called (Anthropic API, V37–V40, V43, V45; names are checked with the shape). */
export function checkTools({ request, blocks, options }: Subject): void {
  const tools = request.tools ?? []
  const names = tools.flatMap(nameOf)
  if (new Set(names).size < names.length) throw invalidRequest('tools: Tool names must be unique.')
  for (const [index, tool] of tools.entries()) {
    if (isCustom(tool)) checkInputSchema(tool, `tools.${index}.custom.input_schema`, options.strict)
    else checkDomains(tool, `tools.${index}.${tool.type}`)
  }
  if (tools.length > 0 && tools.every((tool) => 'defer_loading' in tool && tool.defer_loading === true))
    throw invalidRequest('At least one tool must have defer_loading=false.')
  for (const located of blocks) {
    const added = addedTool(located.block)
    if (added && isCustom(added))
      checkInputSchema(added, insideBlock(located, 'tool.definition.custom.input_schema'), options.strict)
  }
}

/** A tool that a system message defines in mid-conversation. */
const addedTool = (block: Located['block']): Tool | undefined =>
  block.type === 'tool_addition' ? (block.tool.definition ?? undefined) : undefined

const isCustom = (tool: Tool): tool is CustomTool => (tool.type ?? '') === '' || tool.type === 'custom'

const nameOf = (tool: Tool): readonly string[] =>
  'name' in tool && typeof tool.name === 'string' ? [tool.name] : []

/** Unless strict, a tool without a schema takes no input, and one whose loading is deferred may have an empty one. */
function checkInputSchema(
  { input_schema, defer_loading }: CustomTool,
  address: string,
  strict: boolean,
): void {
  const schema = input_schema ?? undefined
  if (schema === undefined) {
    if (strict) throw invalidRequest(`${address}: Field required`)
    return
  }
  if (schema['type'] === undefined && (strict || defer_loading !== true))
    throw invalidRequest(`${address}.type: Field required`)
  if (schema['type'] !== undefined && schema['type'] !== 'object')
    throw invalidRequest(`${address}.type: Input should be 'object'`)
  checkJsonSchema(schema, address)
}

function checkDomains(tool: Exclude<Tool, CustomTool>, address: string): void {
  if (!('allowed_domains' in tool) || !('blocked_domains' in tool)) return
  if (isFilled(tool.allowed_domains) && isFilled(tool.blocked_domains))
    throw invalidRequest(`${address}: only one of \`allowed_domains\` and \`blocked_domains\` may be given`)
}

const isFilled = (list: unknown): boolean => Array.isArray(list) && list.length > 0

/** A choice of tool is one that can be made (Anthropic API, V41, V42). */
export function checkToolChoice({ request, blocks }: Subject): void {
  const choice = request.tool_choice
  if (!choice) return
  const tools = request.tools ?? []
  const added = blocks.flatMap(({ block }) => {
    const tool = addedTool(block)
    return tool ? nameOf(tool) : []
  })
  if (tools.length === 0 && added.length === 0)
    throw invalidRequest('tool_choice may only be specified while providing tools.')
  // What a set holds is known later only.
  if (choice.type !== 'tool' || tools.some(isSet)) return
  if (![...tools.flatMap(nameOf), ...tools.flatMap(ownName), ...added].includes(choice.name))
    throw invalidRequest(`Tool '${choice.name}' not found in provided tools`)
}

const isSet = ({ type }: Tool): boolean => type === 'server:*' || type === 'mcp_toolset'

const ownName = ({ type }: Tool): readonly string[] =>
  type?.startsWith('server:') ? [type.slice('server:'.length)] : []
