import { Failure } from '../core/errors.ts'
import type { BlockDelta, StreamEvent } from '../wire/anthropic/events.ts'
import type { AnswerBlock, MessageResponse, StopReason } from '../wire/anthropic/response.ts'
import { parseCutObject, parseDespiteComma, parseObject } from './partial-json.ts'

type Fields = Readonly<Record<string, unknown>>

interface OpenBlock {
  readonly block: AnswerBlock
  /** What deltas have made of the block's fields so far. */
  readonly fields: Record<string, unknown>
  /** The text of the block's `input`. */
  json: string
}

/**
 * Folds a whole event stream into the one message that it describes. What no rule here knows, be it a block, a field
 * or an event, stays as it came; deltas of an unknown type are left out. Throws a `Failure` for a stream without a
 * beginning, and for a tool call whose arguments are no JSON object.
 */
export function foldEvents(events: Iterable<StreamEvent>): MessageResponse {
  const blocks: OpenBlock[] = []
  let message: MessageResponse | undefined
  for (const event of events) {
    switch (event.type) {
      case 'message_start':
        message = event.message
        break
      case 'content_block_start':
        blocks.push({ block: event.content_block, fields: {}, json: '' })
        break
      case 'content_block_delta':
        addDelta(blocks[event.index], event.delta)
        break
      case 'message_delta':
        if (message) message = withEnd(message, event)
        break
      case 'content_block_stop':
      case 'message_stop':
        break
    }
  }
  if (!message) throw new Failure('api_error', 'the answer has no beginning')
  const { stop_reason } = message
  return { ...message, content: blocks.map((block) => finish(block, stop_reason)) }
}

/** The end tells totals: what it says of usage replaces what the beginning said. */
function withEnd(
  message: MessageResponse,
  end: Extract<StreamEvent, { type: 'message_delta' }>,
): MessageResponse {
  const { type: _type, delta, usage, ...extras } = end
  return { ...message, ...delta, ...extras, usage: { ...message.usage, ...known(usage) } }
}

function known(usage: Fields | undefined): Fields {
  const counts: Record<string, unknown> = {}
  for (const name in usage) if (usage[name] !== null && usage[name] !== undefined) counts[name] = usage[name]
  return counts
}

function addDelta(open: OpenBlock | undefined, delta: BlockDelta): void {
  if (!open) return
  const said: { readonly type: string } & Fields = delta
  switch (said.type) {
    case 'text_delta':
      append(open, 'text', said['text'])
      break
    case 'thinking_delta':
      append(open, 'thinking', said['thinking'])
      break
    case 'input_json_delta':
      open.json += toText(said['partial_json'])
      break
    case 'citations_delta':
      open.fields['citations'] = [...listOf(open, 'citations'), said['citation']]
      break
    case 'signature_delta':
    case 'compaction_delta': {
      const { type: _type, ...more } = said
      Object.assign(open.fields, more)
      break
    }
  }
}

function append(open: OpenBlock, field: string, piece: unknown): void {
  open.fields[field] = toText(valueOf(open, field)) + toText(piece)
}

const listOf = (open: OpenBlock, field: string): readonly unknown[] => {
  const value = valueOf(open, field)
  return Array.isArray(value) ? value : []
}

const valueOf = ({ block, fields }: OpenBlock, field: string): unknown =>
  fields[field] ?? (block as Fields)[field]

const toText = (value: unknown): string => (typeof value === 'string' ? value : '')

/** A call without any text of arguments has those that its block began with, mostly none. */
function finish({ block, fields, json }: OpenBlock, stopReason: StopReason | null): AnswerBlock {
  const finished = { ...block, ...fields }
  if (json === '') return finished
  const name = 'name' in block ? String(block.name) : block.type
  return { ...finished, input: toInput(json, name, stopReason) } as AnswerBlock
}

/** Ends that come into the midst of what the model was about to say. */
const CUTS: ReadonlySet<StopReason | null> = new Set([
  'max_tokens',
  'model_context_window_exceeded',
  'refusal',
])

/** A tool's input must be an object. Text that was cut keeps what is complete of it. */
function toInput(text: string, tool: string, stopReason: StopReason | null): Record<string, unknown> {
  if (CUTS.has(stopReason)) return parseCutObject(text)
  const input = parseObject(text) ?? parseDespiteComma(text)
  if (input) return input
  throw new Failure('api_error', `the model called the tool ${tool} with arguments that are no JSON object`, {
    status: 502,
  })
}
