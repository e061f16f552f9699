import type { ContentBlock } from '../wire/anthropic/content.ts'
import type { CountTokensRequest, Message } from '../wire/anthropic/request.ts'
import { blockParts } from './blocks.ts'
import type { Calibration } from './calibration.ts'
import { mediaTokensOf } from './media.ts'
import { NO_PARTS, type Parts, jsonOf, merge, partsOf } from './parts.ts'
import { toolParts } from './tools.ts'

/** All that a prompt is made of, before any tokenizer has seen it. */
export interface PromptParts extends Parts {
  /** Tokens of images and PDF files. */
  readonly mediaTokens: number
}

/** Takes a request apart. What stands before the last compaction counts nothing, as the API drops it. */
export function promptParts(request: CountTokensRequest, calibration: Calibration): PromptParts {
  const history = request.messages.flatMap(blocksOf)
  const messages = sinceCompaction(request.messages)
  const blocks = messages.flatMap(blocksOf)
  const parts = merge([
    partsOf([], calibration.perRequest + calibration.perMessage * messages.length),
    systemParts(request.system),
    ...blocks.map(blockParts),
    toolParts(request.tools ?? [], history, request.tool_choice, calibration),
    formatParts(request),
  ])
  return { ...parts, mediaTokens: mediaTokensOf(blocks, calibration.image) }
}

function sinceCompaction(messages: readonly Message[]): readonly Message[] {
  const last = messages.findLastIndex((message) => blocksOf(message).some(isCompaction))
  return last > 0 ? messages.slice(last) : messages
}

const isCompaction = ({ type }: ContentBlock): boolean => type === 'compaction'

const blocksOf = ({ content }: Message): readonly ContentBlock[] =>
  typeof content === 'string' ? [{ type: 'text', text: content }] : (content ?? [])

const systemParts = (system: CountTokensRequest['system']): Parts =>
  partsOf(typeof system === 'string' ? [system] : (system ?? []).map(({ text }) => text))

function formatParts({ output_config, output_format }: CountTokensRequest): Parts {
  const format = output_config?.format ?? output_format
  return format ? partsOf([jsonOf(format.schema)]) : NO_PARTS
}
