/** An answer as text that can be compared line by line; what differs in every answer, such as ids, is left out. */
export function toAnswerText(message: unknown): string {
  const { content = [], stop_reason: reason = null } = asFields(message) as {
    content?: readonly unknown[]
    stop_reason?: unknown
  }
  return [...content.map(toBlockText), `(stop: ${String(reason)})`, ''].join('\n')
}

function toBlockText(block: unknown): string {
  const { type, text, thinking, name, input, ...rest } = asFields(block)
  switch (type) {
    case 'text':
      return String(text)
    case 'thinking':
      return String(thinking)
        .split('\n')
        .map((line) => `(thinking) ${line}`)
        .join('\n')
    case 'tool_use':
    case 'server_tool_use':
      return `(${String(type)}) ${String(name)} ${JSON.stringify(input, null, 2)}`
    case 'redacted_thinking':
      return '(redacted thinking)'
    default:
      return `(${String(type)}) ${JSON.stringify(rest, null, 2)}`
  }
}

const asFields = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {}
