import type { Look, ServedOutput } from '../../translate/served/look.ts'
import type { ServerCallName, ServerResultContent } from '../../wire/anthropic/server-results.ts'

/**
 * What a call gives that has failed: in an official block one of Anthropic's codes, and to the model the words that say
 * what to do instead.
 */
export function failedOutput(look: Look, code: string, words: string): ServedOutput {
  if (look.kind === 'mcp') return { isError: true, shown: [words] }
  const error = { type: `${look.name}_tool_result_error`, error_code: code }
  const shown = look.name === 'text_editor_code_execution' ? { ...error, error_message: words } : error
  return {
    isError: true,
    shown: shown as ServerResultContent[ServerCallName],
    content: [{ type: 'text', text: words }],
  }
}
