import type { ApiVersion } from '../../core/context.ts'
import type { Turn } from '../../translate/turns.ts'
import type { ContentBlock, ToolResultContent } from '../../wire/anthropic/content.ts'
import type { CountTokensRequest, MessagesRequest } from '../../wire/anthropic/request.ts'

/** The body of each operation that takes a prompt. */
export interface Requests {
  readonly create: MessagesRequest
  readonly count_tokens: CountTokensRequest
}
/** What a client may ask to be done with a prompt. */
export type Operation = keyof Requests

/** What the request's headers, its route and the configuration say about how to read its body. */
export interface ValidationOptions<Asked extends Operation = Operation> {
  readonly version: ApiVersion
  /** Values of all `anthropic-beta` headers. */
  readonly betas: readonly string[]
  /** Whether to refuse also what only Anthropic's own service has a reason to refuse. */
  readonly strict: boolean
  readonly operation: Asked
}

/** Where something stands in the request, from the outside in. */
export type Path = readonly (string | number)[]

/** A block, in a turn or inside one of its blocks. */
export interface Located {
  readonly block: ContentBlock | ToolResultContent
  readonly turn: Turn
  /** Begins `messages`, index of the turn, `content`, index of the block in the turn. */
  readonly path: Path
  /** Whether the block stands inside another one. */
  readonly nested: boolean
}

/** A request of the right shape, on which a rule has to judge. */
export interface Subject {
  /** What only one operation has in its schema is unchecked here. */
  readonly request: CountTokensRequest & { readonly [Field in keyof MessagesRequest]?: unknown }
  readonly turns: readonly Turn[]
  /** Every block of every turn; what stands inside a block comes after it. */
  readonly blocks: readonly Located[]
  readonly options: ValidationOptions
}

/** Throws a `Failure` when the request breaks it. */
export type Rule = (subject: Subject) => void

/** A path as Anthropic writes it, e.g. `messages.0.content.1`. */
export const formatPath = (path: Path): string => path.join('.')

/** The path of a block's own fields: there a block is addressed by its position and its type. */
export const insideBlock = ({ path, block }: Located, ...field: Path): string =>
  formatPath([...path, block.type, ...field])

/** Lists every block with its address in the merged conversation. */
export function locateBlocks(turns: readonly Turn[]): readonly Located[] {
  const blocks: Located[] = []
  for (const [n, turn] of turns.entries())
    for (const [m, block] of turn.content.entries())
      collect(blocks, { block, turn, path: ['messages', n, 'content', m], nested: false })
  return blocks
}

function collect(blocks: Located[], located: Located): void {
  blocks.push(located)
  const { block, turn, path } = located
  const [field, inner] = innerBlocks(block)
  for (const [k, child] of inner.entries())
    collect(blocks, { block: child, turn, path: [...path, block.type, ...field, k], nested: true })
}

const NOTHING_INSIDE = [[], []] as const

/** The blocks that a block holds, and in which of its fields. */
function innerBlocks(block: Located['block']): readonly [Path, readonly Located['block'][]] {
  if (block.type === 'tool_result' && Array.isArray(block.content)) return [['content'], block.content]
  if (block.type !== 'document' || block.source.type !== 'content') return NOTHING_INSIDE
  const { content } = block.source
  return typeof content === 'string' ? NOTHING_INSIDE : [['source', 'content', 'content'], content]
}
