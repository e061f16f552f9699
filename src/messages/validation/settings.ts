import { invalidRequest } from '../../core/errors.ts'
import { isRecord } from '../../core/record.ts'
import { checkJsonSchema, findSchemaFault } from './json-schema.ts'
import type { Subject } from './subject.ts'

const THINKING_GUIDE = 'https://docs.claude.com/en/docs/build-with-claude/extended-thinking'
const CONSULT = `Please consult our documentation at ${THINKING_GUIDE}`
const INTERLEAVED_THINKING = 'interleaved-thinking-2025-05-14'

/** Settings do not contradict each other (Anthropic API, §2.1, §2.7, §2.8, V71). */
export function checkSettings(subject: Subject): void {
  checkStopSequences(subject)
  checkBudget(subject)
  checkFormat(subject)
}

function checkStopSequences({ request }: Subject): void {
  const sequences: readonly unknown[] = Array.isArray(request.stop_sequences) ? request.stop_sequences : []
  if (sequences.some((sequence) => typeof sequence === 'string' && sequence.trim() === ''))
    throw invalidRequest('stop_sequences: each stop sequence must contain non-whitespace')
}

function checkBudget({ request: { thinking, max_tokens }, options }: Subject): void {
  if (thinking?.type !== 'enabled' || typeof max_tokens !== 'number') return
  if (thinking.budget_tokens < max_tokens || options.betas.includes(INTERLEAVED_THINKING)) return
  throw invalidRequest(`\`max_tokens\` must be greater than \`thinking.budget_tokens\`. ${CONSULT}`)
}

function checkFormat({ request, blocks }: Subject): void {
  const { output_config, output_format } = request
  if (output_format && output_config?.format)
    throw invalidRequest(
      'output_format: cannot be combined with `output_config.format`, of which it is the older name; give one of the two',
    )
  if (!output_format && !output_config?.format) return
  if (blocks.some(({ block }) => 'citations' in block && isCiting(block.citations)))
    throw invalidRequest(
      `${output_format ? 'output_format' : 'output_config.format'}: cannot be combined with citations`,
    )
}

/** The setting of a document or a search result; a text's `citations` are a list of those made. */
const isCiting = (citations: unknown): boolean => isRecord(citations) && citations['enabled'] === true

/** Contradictions that Anthropic refuses and that do no harm here (V72, V75, V76; §2.1, §2.8). */
export function checkStrictSettings(subject: Subject): void {
  checkPrewarming(subject)
  checkThinkingCompany(subject)
  checkThinkingLeads(subject)
  checkFormatSchema(subject)
}

const isForced = ({ tool_choice }: Subject['request']): boolean =>
  tool_choice?.type === 'any' || tool_choice?.type === 'tool'

/** `max_tokens` 0 only fills the prompt cache, so nothing may be asked of an answer that never comes. */
function checkPrewarming({ request }: Subject): void {
  if (request.max_tokens !== 0) return
  const company = [
    ['stream', request.stream === true],
    ['thinking', request.thinking?.type === 'enabled'],
    ['output_config.format', Boolean(request.output_config?.format)],
    ['tool_choice', isForced(request)],
  ] as const
  const [field] = company.find(([, isGiven]) => isGiven) ?? []
  if (field) throw invalidRequest(`max_tokens: 0 cannot be combined with \`${field}\``)
}

function checkThinkingCompany({ request }: Subject): void {
  if (request.thinking?.type !== 'enabled') return
  if (isForced(request)) throw invalidRequest('Thinking may not be enabled when tool_choice forces tool use.')
  if ((request.temperature ?? 1) !== 1)
    throw invalidRequest(`\`temperature\` may only be set to 1 when thinking is enabled. ${CONSULT}`)
}

/** In the middle of a tool loop, the assistant's turn shows the thinking that led to its calls. */
function checkThinkingLeads({ request, turns }: Subject): void {
  const answers = turns.at(-1)?.content.some(({ type }) => type === 'tool_result')
  if (request.thinking?.type !== 'enabled' || !answers) return
  const n = turns.findLastIndex(({ role }) => role === 'assistant')
  const first = turns[n]?.content[0]?.type
  if (first === 'thinking' || first === 'redacted_thinking') return
  throw invalidRequest(
    `messages.${n}.content.0.type: Expected \`thinking\` or \`redacted_thinking\`, but found \`${first}\`. ` +
      'When `thinking` is enabled, a final `assistant` message must start with a thinking block ' +
      `(preceding the last set of \`tool_use\` and \`tool_result\` blocks). ${CONSULT}`,
  )
}

function checkFormatSchema({ request, turns }: Subject): void {
  const format = request.output_config?.format ?? request.output_format
  if (!format) return
  if (turns.at(-1)?.role === 'assistant')
    throw invalidRequest(
      'output_config.format: cannot be combined with a prefilled answer; the conversation must end with a user message',
    )
  checkJsonSchema(format.schema, 'output_config.format.schema')
  if (findSchemaFault(format.schema, isOpenObject) !== undefined)
    throw invalidRequest(
      "output_config.format.schema: For 'object' type, 'additionalProperties' must be explicitly set to false",
    )
}

const isOpenObject = (schema: Readonly<Record<string, unknown>>): boolean =>
  schema['type'] === 'object' && schema['additionalProperties'] !== false
