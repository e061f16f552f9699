import type { ModelCapabilities } from '../wire/anthropic/models.ts'
import type { ModelRecord } from '../wire/openrouter/models.ts'

const is = (supported: boolean) => ({ supported })
const NO = is(false)

/** What one gets of a model through this server; null where the upstream says nothing of it. */
export function toCapabilities(record: ModelRecord, openrouter: boolean): ModelCapabilities | null {
  const inputs = record.architecture?.input_modalities
  const parameters = record.supported_parameters
  if (!inputs || !parameters) return null
  const reasons = parameters.includes('reasoning')
  const searches = openrouter && parameters.includes('tools')
  return {
    batch: NO,
    citations: NO,
    code_execution: NO,
    context_management: {
      ...is(true),
      clear_thinking_20251015: is(true),
      clear_tool_uses_20250919: is(true),
      compact_20260112: NO,
    },
    effort: reasons ? toEfforts(record.reasoning?.supported_efforts) : toEfforts([]),
    image_input: is(inputs.includes('image')),
    pdf_input: is(inputs.includes('file')),
    server_tools: { ...is(searches), code_execution: NO, web_search: is(searches) },
    structured_outputs: is(parameters.includes('structured_outputs')),
    thinking: { ...is(reasons), types: toThinkingTypes(reasons, record) },
  }
}

/** A model that reasons and names no levels takes all of them. */
function toEfforts(known: readonly string[] | null | undefined): ModelCapabilities['effort'] {
  const has = (level: string) => is(known?.includes(level) ?? true)
  return {
    ...is(known?.length !== 0),
    low: has('low'),
    medium: has('medium'),
    high: has('high'),
    xhigh: has('xhigh'),
    max: has('max'),
  }
}

const toThinkingTypes = (
  reasons: boolean,
  { reasoning }: ModelRecord,
): ModelCapabilities['thinking']['types'] => ({
  adaptive: is(reasons),
  between_tools: is(reasons),
  disabled: is(reasoning?.mandatory !== true),
  enabled: is(reasons),
})
