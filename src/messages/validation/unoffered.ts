import { Failure, invalidRequest } from '../../core/errors.ts'
import { isRecord } from '../../core/record.ts'
import { REFUSED } from '../../wire/openrouter/options.ts'
import { formatPath, insideBlock, type Subject } from './subject.ts'

/**
 * Message threads live on Anthropic's service. Its SDK reads these details and sends the whole conversation instead,
 * so this comes before any rule that a lone new message would break.
 */
export function checkThread({ request }: Subject): void {
  if (request.thread === undefined || request.thread === null) return
  throw new Failure(
    'invalid_request_error',
    'thread: this server keeps no message threads; send the whole conversation in `messages`',
    { details: { error_code: 'thread_unsupported_request', unsupported: ['thread'] } },
  )
}

/** What a client would believe to have happened if it were ignored, and what to do instead. */
interface Refusal {
  readonly field: string
  readonly isAsked: (value: unknown) => boolean
  readonly advice: string
}

const isGiven = (value: unknown): boolean => value !== undefined && value !== null

const CONTAINER: Refusal = {
  field: 'container',
  isAsked: isGiven,
  advice: 'this server runs no code execution containers; offer a tool of your own that runs code',
}
const COMPACTION: Refusal = {
  field: 'compaction',
  isAsked: isGiven,
  advice: 'this server does not summarise conversations; send a summary as a message',
}
/** A system message comes too late: the servers are connected to before the model is asked. */
const MCP_ADDITION = 'MCP servers cannot be added on the way; name them in `mcp_servers` and `tools`'

/** Parameters of chat completions that the Messages API cannot answer (openrouter §7.9). */
const CHAT_ONLY: readonly Refusal[] = Object.entries(REFUSED).map(([field, { about: advice }]) => ({
  field,
  isAsked: field === 'n' ? (value) => isGiven(value) && value !== 1 : isGiven,
  advice,
}))

/** Refuses what this server does not offer (openrouter §7.1, §7.3, §7.9). */
export function checkOffered(subject: Subject): void {
  const { request, options } = subject
  const ours = options.operation === 'create' ? [CONTAINER, COMPACTION] : []
  checkFields('', request, [...ours, ...CHAT_ONLY])
  if (isRecord(request.openrouter)) checkFields('openrouter.', request.openrouter, CHAT_ONLY)
  checkFallbacks(subject)
  checkToolTypes(subject)
  checkAddedTools(subject)
  checkUploads(subject)
}

function checkFields(
  prefix: string,
  values: Readonly<Record<string, unknown>>,
  refusals: readonly Refusal[],
): void {
  const asked = refusals.find(({ field, isAsked }) => isAsked(values[field]))
  if (asked) throw invalidRequest(`${prefix}${asked.field}: ${asked.advice}`)
}

function checkFallbacks({ request }: Subject): void {
  const { fallbacks, openrouter, models }: Readonly<Record<string, unknown>> = request
  const isNamedTwice = isGiven(models) || (isRecord(openrouter) && isGiven(openrouter['models']))
  if (isGiven(fallbacks) && isNamedTwice)
    throw invalidRequest('fallbacks: cannot be combined with `models`; give one of the two')
}

const UNOFFERED_TOOLS = [
  [/^computer_toolset_/, 'this server has no toolsets; offer a `computer_20251124` tool'],
  [/^browser_toolset_/, 'this server has no toolsets; offer the tools one by one, as custom tools'],
  [/^advisor_/, 'this server has no advisor; offer a custom tool that asks another model'],
] as const

function checkToolTypes({ request }: Subject): void {
  for (const [index, tool] of (request.tools ?? []).entries()) {
    const type = tool.type || 'custom'
    const unoffered = UNOFFERED_TOOLS.find(([pattern]) => pattern.test(type))
    if (unoffered) throw invalidRequest(`tools.${index}.${type}: ${unoffered[1]}`)
    const callers =
      'allowed_callers' in tool && Array.isArray(tool.allowed_callers) ? tool.allowed_callers : []
    if (callers.length > 0 && !callers.includes('direct'))
      throw invalidRequest(`tools.${index}.${type}.allowed_callers: add 'direct'; ${CONTAINER.advice}`)
  }
}

/** A system message can add what an MCP server offers, too. */
function checkAddedTools({ blocks }: Subject): void {
  for (const located of blocks) {
    const { block } = located
    if (block.type !== 'tool_addition') continue
    const { type, definition } = block.tool
    const types = [type, isRecord(definition) ? definition['type'] : undefined]
    if (types.some((kind) => typeof kind === 'string' && kind.startsWith('mcp_')))
      throw invalidRequest(`${insideBlock(located, 'tool')}: ${MCP_ADDITION}`)
  }
}

function checkUploads({ blocks }: Subject): void {
  const upload = blocks.find(({ block }) => block.type === 'container_upload')
  if (upload)
    throw invalidRequest(
      `${formatPath(upload.path)}.container_upload: this server runs no code execution containers; ` +
        'send the file as an `image` or `document` block',
    )
}
