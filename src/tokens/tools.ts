import type { ContentBlock } from '../wire/anthropic/content.ts'
import { offeredTools } from '../wire/anthropic/offered-tools.ts'
import type { CustomTool, Tool, ToolChoice } from '../wire/anthropic/tools.ts'
import { type Calibration, type SchemaCalibration, TYPED_TOOL_TOKENS } from './calibration.ts'
import { NO_PARTS, type Parts, jsonOf, merge, partsOf } from './parts.ts'
import { schemaParts } from './schema.ts'

/** The definitions of all tools that the model gets to see, and the system prompt that comes with them. */
export function toolParts(
  tools: readonly Tool[],
  history: readonly ContentBlock[],
  choice: ToolChoice | null | undefined,
  calibration: Calibration,
): Parts {
  const offered = offeredTools({ tools, tool_choice: choice }, history)
  if (offered.length === 0) return NO_PARTS
  const prompt = calibration.toolPrompt[isForced(choice) ? 'forced' : 'auto']
  const definitions = calibration.firstTool + (offered.length - 1) * calibration.furtherTool
  return merge([
    partsOf([], prompt + definitions),
    ...offered.map((tool) => definitionParts(tool, calibration.schema)),
  ])
}

const isForced = (choice: ToolChoice | null | undefined): boolean =>
  choice?.type === 'any' || choice?.type === 'tool'

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
