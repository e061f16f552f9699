import type {
  ContentBlock,
  DocumentBlock,
  TextBlock,
  ToolResultContent,
} from '../../wire/anthropic/content.ts'
import { isReplayed } from '../reasoning-replay.ts'
import { decided, each, type Fate, fields, firstOf, kept, lost, NOTHING, spared, when } from './fates.ts'
import { mark, misplacedMark } from './marks.ts'
import { toolFate } from './tools.ts'

type AnyBlock = ContentBlock | ToolResultContent
type BlockOf<Type extends AnyBlock['type']> = Extract<AnyBlock, { type: Type }>

// — what several blocks have —

const isFilled = (list: unknown): boolean => Array.isArray(list) && list.length > 0

/** Quotes of an earlier answer that the client sends back with its text. */
const echoedCitations = when(isFilled, spared('is not sent: the text goes without its citations'))

const askedCitations = fields({
  enabled: when((value) => value === true, lost('is not done: answers cite no documents')),
})

const isBlank = ({ text }: { readonly text?: unknown }): boolean =>
  typeof text === 'string' && text.trim() === ''

export const textFate: Fate = decided<TextBlock>({
  type: kept,
  text: kept,
  citations: echoedCitations,
  cache_control: (value, terms, owner) => (isBlank(owner) ? misplacedMark : mark)(value, terms, owner),
})

/** Texts that join others into one. */
const joinedText: Fate = decided<TextBlock>({
  type: kept,
  text: kept,
  citations: echoedCitations,
  cache_control: misplacedMark,
})

// — media —

/** Only an assistant's message has a role that can hold no media. */
const asNote = when(
  (_, _terms, owner) => owner['role'] === 'assistant',
  spared("is told to the model as a note: an assistant's message holds text only"),
)

const lacksInput =
  (kind: string): ((value: unknown, terms: Parameters<Fate>[1]) => boolean) =>
  (_, { target }) =>
    target.facts.inputModalities?.includes(kind) === false

const image: Fate = firstOf(
  asNote,
  when(lacksInput('image'), lost('is sent to a model that sees no images')),
  decided<BlockOf<'image'>>({
    type: kept,
    source: fields({ type: kept, media_type: kept, data: kept, url: kept, file_id: kept }),
    transformations: fields({
      oversized_image: when(
        (value) => value === 'error',
        lost('is not done: the upstream scales large images down'),
      ),
    }),
    cache_control: mark,
  }),
)

const documentPart: Fate = (value, terms, owner) =>
  ((value as TextBlock).type === 'text' ? joinedText : image)(value, terms, owner)

const isFile: Fate = when(
  (value, terms) => isBinary((value as DocumentBlock).source) && lacksInput('file')(value, terms),
  spared('is read as text: this model takes no files'),
)

const isBinary = ({ type }: DocumentBlock['source']): boolean => type === 'base64' || type === 'url'

const document: Fate = firstOf(
  asNote,
  isFile,
  decided<DocumentBlock>({
    type: kept,
    source: fields({
      type: kept,
      media_type: kept,
      data: kept,
      url: kept,
      file_id: kept,
      content: each(documentPart),
    }),
    title: kept,
    context: kept,
    citations: askedCitations,
    cache_control: mark,
  }),
)

// — thinking —

/** The thoughts of another model, or thoughts that nobody has signed. */
const unread: Fate = when(
  (value, { target }) => !isReplayed(value as BlockOf<'thinking' | 'redacted_thinking'>, target),
  spared('is not sent: this model cannot continue these thoughts'),
)

// — what other services ran —

/** A tool that ran elsewhere, and its result: see notes.ts. */
const asText = spared('is told to the model as text, without what only its maker can read')

const onlyAnthropics = spared('is not sent: only Anthropic can read it')

const compaction: Fate = firstOf(
  when(
    (value) => isFailed(value as BlockOf<'compaction'>),
    lost('is not sent: only Anthropic can read it, and the messages before it are sent instead'),
  ),
  decided<BlockOf<'compaction'>>({
    type: kept,
    content: kept,
    encrypted_content: onlyAnthropics,
    signature: onlyAnthropics,
    tool_changes: each((value, terms, owner) => blockFate(value, terms, owner)),
    cache_control: mark,
  }),
)

/** Without content and anything else it stands for a compaction that failed, which means nothing. */
const isFailed = ({ content, encrypted_content: hidden }: BlockOf<'compaction'>): boolean =>
  !content && Boolean(hidden)

const NO_SERVERS = 'is not done: this server connects to no MCP servers'

const toolChange: Fate = fields({
  type: kept,
  tool: firstOf(
    when((value) => String((value as { type?: unknown }).type).startsWith('mcp_'), lost(NO_SERVERS)),
    fields({ type: kept, name: kept, tool_name: kept, definition: toolFate, server_name: lost(NO_SERVERS) }),
  ),
  cache_control: misplacedMark,
})

// — all blocks —

const caller: Fate = when(
  (value) => (value as { type?: unknown }).type !== 'direct',
  spared('is not sent: chat completions do not tell who called'),
)
const toolset: Fate = spared('is not sent: tools stand for themselves here')

/** A decision for every block of a request. */
const BLOCKS: { readonly [Type in AnyBlock['type']]: Fate } = {
  text: textFate,
  image,
  document,
  search_result: decided<BlockOf<'search_result'>>({
    type: kept,
    source: kept,
    title: kept,
    content: each(joinedText),
    citations: askedCitations,
    cache_control: mark,
  }),
  thinking: firstOf(unread, decided<BlockOf<'thinking'>>({ type: kept, thinking: kept, signature: kept })),
  redacted_thinking: firstOf(unread, decided<BlockOf<'redacted_thinking'>>({ type: kept, data: kept })),
  tool_use: decided<BlockOf<'tool_use'>>({
    type: kept,
    id: kept,
    name: kept,
    input: kept,
    caller,
    toolset_name: toolset,
    cache_control: mark,
  }),
  tool_result: decided<BlockOf<'tool_result'>>({
    type: kept,
    tool_use_id: kept,
    content: each((value, terms, owner) => blockFate(value, terms, owner)),
    is_error: kept,
    toolset_name: toolset,
    cache_control: mark,
  }),
  tool_reference: decided<BlockOf<'tool_reference'>>({ type: kept, tool_name: kept, cache_control: mark }),
  browser_state: decided<BlockOf<'browser_state'>>({
    type: kept,
    tabs: kept,
    state_changes: kept,
    cache_control: mark,
  }),
  server_tool_use: asText,
  web_search_tool_result: asText,
  web_fetch_tool_result: asText,
  code_execution_tool_result: asText,
  bash_code_execution_tool_result: asText,
  text_editor_code_execution_tool_result: asText,
  tool_search_tool_result: asText,
  advisor_tool_result: asText,
  mcp_tool_use: asText,
  mcp_tool_result: asText,
  mcp_tool_listing: asText,
  fallback: asText,
  // Refused before.
  container_upload: kept,
  compaction,
  tool_addition: toolChange,
  tool_removal: toolChange,
}

/** What is lost of one block; `owner` is the message or the block around it. */
export const blockFate: Fate = (value, terms, owner) => {
  const type = typeof value === 'object' && value !== null && 'type' in value ? value.type : undefined
  return isBlockType(type) ? BLOCKS[type](value, terms, owner) : NOTHING
}

const isBlockType = (type: unknown): type is AnyBlock['type'] =>
  typeof type === 'string' && Object.hasOwn(BLOCKS, type)
