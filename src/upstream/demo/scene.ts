import { answersAfter, type DemoRequest, lastUserText, textsOf } from './conversation.ts'
import type { Step } from './script.ts'

/** What the demo writes when it is asked for a program: a brace is missing. */
const BROKEN = `BEGIN {
  for (n = 2; found < 10; n++) {
    prime = 1
    for (d = 2; d * d <= n; d++) if (n % d == 0) prime = 0
    if (prime) { printf "%d ", n; found++
  }
  print ""
}
`
const FILE = 'primes.awk'
const RUN = { command: `awk -f ${FILE}`, description: 'Runs the program' }
const FIX = { file_path: FILE, old_string: 'found++', new_string: 'found++ }' }

/** A program is written, fails, is mended and works: what an agent does, turn by turn. */
const TURNS: ReadonlyArray<readonly Step[]> = [
  [{ text: 'I write the program.' }, { tool: 'Write', input: { file_path: FILE, content: BROKEN } }],
  [{ text: 'Now I run it.' }, { tool: 'Bash', input: RUN }],
  [{ text: 'A brace is missing. I mend it.' }, { tool: 'Edit', input: FIX }],
  [{ tool: 'Bash', input: RUN }],
  [{ text: 'It works: {{last_tool_result}}' }],
]
const NEEDED = ['Write', 'Bash', 'Edit']

/**
 * The demo's own piece for whoever has no key: asked to write a program, with tools that can, it plays an agent. The
 * steps of this turn; undefined for all other requests.
 */
export function sceneFor(request: DemoRequest): readonly Step[] | undefined {
  const offered = new Set((request.tools ?? []).map((tool) => tool.function?.name))
  if (!NEEDED.every((name) => offered.has(name))) return undefined
  const asked = lastUserText(request.messages)
  if (!/\bwrite a program\b/i.test(asked)) return undefined
  const at = request.messages.findLastIndex(
    (message) => message.role === 'user' && textsOf(message).some((text) => text.includes(asked)),
  )
  return TURNS[answersAfter(request.messages, at)]
}
