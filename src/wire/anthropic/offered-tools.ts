import type { ChangedTool, ContentBlock } from './content.ts'
import type { Tool, ToolChoice } from './tools.ts'

interface Asked {
  readonly tools?: readonly Tool[] | null | undefined
  readonly tool_choice?: ToolChoice | null | undefined
}

/**
 * The tools that the model may call now: those of the request, changed by what the conversation's system messages
 * added and removed. Deferred ones stay away until the conversation has loaded or used them: Claude Code loads them
 * with a `tool_reference` in a tool result. A server-side tool search cannot be asked here, so it loads all. What was
 * loaded on the way stands last, in the order of loading, so that the list only ever grows at its end.
 */
export function offeredTools(
  { tools, tool_choice }: Asked,
  history: Iterable<ContentBlock>,
): readonly Tool[] {
  const known = tools ?? []
  const { loaded, removed, added } = changesOf(history)
  if (added.size === 0 && removed.size === 0 && !known.some(isDeferred)) return known
  const kept = known.filter((tool) => !removed.has(nameOfTool(tool)) && !added.has(nameOfTool(tool)))
  const late = [...added].filter(([name]) => !removed.has(name)).map(([, tool]) => tool)
  if ([...kept, ...late].some(isToolSearch)) return [...kept, ...late]
  if (tool_choice?.type === 'tool') loaded.add(tool_choice.name)
  const waiting = new Map([...kept.filter(isDeferred), ...late].map((tool) => [nameOfTool(tool), tool]))
  return [
    ...kept.filter((tool) => !isDeferred(tool)),
    ...[...loaded].flatMap((name) => waiting.get(name) ?? []),
  ]
}

/** The empty string for tools that have none. */
export const nameOfTool = (tool: Tool): string =>
  'name' in tool && typeof tool.name === 'string' ? tool.name : ''

const isDeferred = (tool: Tool): boolean => 'defer_loading' in tool && tool.defer_loading === true

const isToolSearch = ({ type }: Tool): boolean => type?.startsWith('tool_search_') ?? false

/** What the conversation so far has done to the tools, by name. */
interface ToolChanges {
  readonly loaded: Set<string>
  readonly removed: Set<string>
  readonly added: Map<string, Tool>
}

function changesOf(history: Iterable<ContentBlock>): ToolChanges {
  const changes: ToolChanges = { loaded: new Set(), removed: new Set(), added: new Map() }
  for (const block of history) noteChange(changes, block)
  return changes
}

function noteChange({ loaded, removed, added }: ToolChanges, block: ContentBlock): void {
  switch (block.type) {
    case 'tool_use':
      loaded.add(block.name)
      return
    case 'tool_reference':
      loaded.add(block.tool_name)
      return
    case 'tool_result':
      for (const inner of Array.isArray(block.content) ? block.content : [])
        if (inner.type === 'tool_reference') loaded.add(inner.tool_name)
      return
    case 'tool_search_tool_result':
      for (const name of foundTools(block.content)) loaded.add(name)
      return
    case 'tool_addition': {
      const { name, definition } = changedTool(block.tool)
      removed.delete(name)
      loaded.add(name)
      if (definition) added.set(name, definition)
      return
    }
    case 'tool_removal': {
      const { name } = changedTool(block.tool)
      removed.add(name)
      loaded.delete(name)
      return
    }
    case 'compaction':
      for (const change of block.tool_changes ?? []) noteChange({ loaded, removed, added }, change)
      return
    default:
  }
}

/** What a tool search on Anthropic's side has found. */
function foundTools(result: unknown): readonly string[] {
  const { tool_references: found } = (result ?? {}) as { readonly tool_references?: unknown }
  if (!Array.isArray(found)) return []
  return found
    .map((reference: { readonly tool_name?: unknown } | null) => reference?.tool_name)
    .filter((name) => typeof name === 'string')
}

/** A tool is named, at times as in a tool's result, or given whole. */
function changedTool(tool: ChangedTool & { readonly tool_name?: unknown }): {
  name: string
  definition?: Tool
} {
  const { name, tool_name, definition } = tool
  if (definition) return { name: nameOfTool(definition), definition }
  return { name: name ?? (typeof tool_name === 'string' ? tool_name : '') }
}
