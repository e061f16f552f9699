import type { ServerResultContent } from '../../wire/anthropic/server-results.ts'

/** What a command has said, with its exit code; `-1` where it never ran, or was ended. */
export function toExecution(text: string, isError: boolean): ServerResultContent['bash_code_execution'] {
  const { stdout, stderr, return_code } = readExecution(text, isError)
  return { type: 'bash_code_execution_result', stdout, stderr, return_code, content: [] }
}

/** The tool Bash begins what it says of a failed command with its code; anything else is a word of the server's. */
export function readExecution(text: string, isError: boolean) {
  if (!isError) return { stdout: text, stderr: '', return_code: 0 }
  const [line, code] = /^Exit code (\d+)(?:\n|$)/.exec(text) ?? []
  return line === undefined
    ? { stdout: '', stderr: text, return_code: -1 }
    : { stdout: text.slice(line.length), stderr: '', return_code: Number(code) }
}
