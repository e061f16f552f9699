import type { ContentBlock, ToolResultContent } from '../wire/anthropic/content.ts'
import type { CustomTool, Tool, ToolChoice } from '../wire/anthropic/tools.ts'
import { type Calibration, type SchemaCalibration, TYPED_TOOL_TOKENS } from './calibration.ts'
import { fieldOf } from './field.ts'
import { NO_PARTS, type Parts, jsonOf, merge, partsOf } from './parts.ts'
import { schemaParts } from './schema.ts'

type Block = ContentBlock | ToolResultContent

/** The definitions of all tools that the model gets to see, and the system prompt that comes with them. */
export function toolParts(
  tools: readonly Tool[],
  history: readonly ContentBlock[],
  choice: ToolChoice | null | undefined,
  calibration: Calibration,
): Parts {
  const loaded = loadedTools(tools, history)
  if (loaded.length === 0) return NO_PARTS
  const prompt = calibration.toolPrompt[isForced(choice) ? 'forced' : 'auto']
  const definitions = calibration.firstTool + (loaded.length - 1) * calibration.furtherTool
  return merge([
    partsOf([], prompt + definitions),
    ...loaded.map((tool) => definitionParts(tool, calibration.schema)),
  ])
}

const isForced = (choice: ToolChoice | null | undefined): boolean =>
  choice?.type === 'any' || choice?.type === 'tool'

/** Leaves out deferred tools that the conversation has not loaded; beside a search tool all of them are at hand. */
function loadedTools(tools: readonly Tool[], history: readonly ContentBlock[]): readonly Tool[] {
  if (!tools.some(isDeferred) || tools.some(isToolSearch)) return tools
  const referenced = new Set(history.flatMap(referencedTools))
  return tools.filter((tool) => !isDeferred(tool) || ('name' in tool && referenced.has(tool.name)))
}

const isDeferred = (tool: Tool): boolean => 'defer_loading' in tool && tool.defer_loading === true

const isToolSearch = ({ type }: Tool): boolean => type?.startsWith('tool_search_tool_') ?? false

/** The names of the tools that a block of the conversation loads. */
function referencedTools(block: Block): readonly string[] {
  if (block.type === 'tool_reference') return [block.tool_name]
  if (block.type === 'tool_addition') return [String(block.tool.name)]
  if (block.type === 'tool_result' && Array.isArray(block.content))
    return block.content.flatMap(referencedTools)
  if (block.type === 'tool_search_tool_result') return foundTools(block.content)
  return []
}

function foundTools(result: unknown): readonly string[] {
  const references = fieldOf(result, 'tool_references')
  return Array.isArray(references)
    ? references.map((reference) => String(fieldOf(reference, 'tool_name')))
    : []
}

const definitionParts = (tool: Tool, calibration: SchemaCalibration): Parts =>
  isCustom(tool) ? customToolParts(tool, calibration) : partsOf([], typedToolTokens(tool.type))

const isCustom = (tool: Tool): tool is CustomTool => !tool.type || tool.type === 'custom'

const typedToolTokens = (type: string): number =>
  TYPED_TOOL_TOKENS.find(([start]) => type.startsWith(start))?.[1] ?? 0

const customToolParts = (tool: CustomTool, calibration: SchemaCalibration): Parts =>
  merge([
    partsOf([tool.name, ...(tool.input_examples ?? []).map((example) => jsonOf(example))]),
    tool.description ? partsOf([tool.description], calibration.description) : NO_PARTS,
    schemaParts(tool.input_schema ?? {}, calibration),
  ])
