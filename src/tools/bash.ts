import { type Static, Type } from '@sinclair/typebox'

import type { Fields } from '../core/context.ts'
import description from './bash.md' with { type: 'text' }
import { ToolFailure } from './failure.ts'
import { optional } from './files/parameters.ts'
import type { Ending, ShellRun } from './shell/shell.ts'
import { createTranscript, type Transcript } from './shell/transcript.ts'
import { defineTool, type ToolContext } from './tool.ts'

const MAX_TIMEOUT_MS = 600_000
/** Smaller numbers are seconds, as some clients write them: no command is given half a second. */
const MOST_SECONDS = 600
/** Between the end of a command's time and that of the run: enough to end it and tell what it printed. */
const GRACE_MS = 10_000

const input = Type.Object({
  command: Type.String({ minLength: 1, description: 'The command line' }),
  timeout: optional(
    Type.Integer({
      minimum: 1,
      maximum: MAX_TIMEOUT_MS,
      description: 'Milliseconds after which it is ended',
    }),
  ),
  description: optional(Type.String({ description: 'What it does, in five to ten words' })),
  run_in_background: optional(Type.Boolean({ description: 'Do not wait for its end' })),
  input: optional(Type.String({ description: 'What it reads from standard input' })),
})

/** Fields of other clients that change nothing here: a sandbox is never left, and deleting needs no second word. */
function accept(given: Fields): Fields {
  const { user_confirmed_deletion: _, dangerouslyDisableSandbox, ...fields } = given
  if (dangerouslyDisableSandbox === true)
    throw new ToolFailure('refused', 'The sandbox cannot be switched off by a call.')
  return fields
}

const timeoutOf = ({ timeout }: Static<typeof input>, defaultMs: number): number => {
  if (timeout === undefined) return defaultMs
  return timeout <= MOST_SECONDS ? timeout * 1000 : timeout
}

export const bash = defineTool({
  name: 'Bash',
  description,
  input,
  accept,
  parallelSafe: false,
  perMinute: 60,
  risk:
    'Runs programs as the user of the server. With a sandbox (bubblewrap) they see only the working directory and the ' +
    "system's programs; without one, only commands are allowed that cannot run others. Every interpreter or build tool " +
    'that TOOL_ALLOWED_COMMANDS adds without a sandbox can do whatever the user of the server can.',
  timeLimitMs: (given, defaultMs) => timeoutOf(given, defaultMs) + GRACE_MS,
  async run(given, context) {
    if (given.run_in_background) return startJob(given, context)
    const transcript = createTranscript(context.limits.maxOutputChars)
    const timeoutMs = timeoutOf(given, context.limits.timeoutMs)
    const run = await context.shell.start({ ...given, onOutput: (text) => transcript.add(text) })
    const { code, ending } = await untilEnd(run, timeoutMs, context)
    return toResult(transcript, code, ending, timeoutMs)
  },
})

async function startJob(
  { command, input: text }: Static<typeof input>,
  context: ToolContext,
): Promise<string> {
  if (text !== undefined)
    throw new ToolFailure('invalid-input', 'input cannot be given to a command in the background.')
  const id = await context.jobs.start(context, command)
  return `The command runs in the background with the id ${id}. BashOutput shows what it prints, KillShell ends it.`
}

async function untilEnd(
  run: ShellRun,
  timeoutMs: number,
  { clock, signal }: ToolContext,
): Promise<{ readonly code: number; readonly ending: Ending | undefined }> {
  const endsAtMs = clock.now() + timeoutMs
  const stopWatching = clock.watch((nowMs) => {
    if (nowMs >= endsAtMs) run.end('time')
  })
  const cancel = (): void => run.end('cancelled')
  if (signal.aborted) cancel()
  signal.addEventListener('abort', cancel, { once: true })
  try {
    return await run.ended
  } finally {
    stopWatching()
    signal.removeEventListener('abort', cancel)
  }
}

const ENDINGS: Readonly<Record<Ending, (timeoutMs: number) => string>> = {
  time: (timeoutMs) =>
    `The command was ended after ${timeoutMs / 1000} seconds. Give a longer timeout, or run it in the background.`,
  memory: () => 'The command was ended because it took too much memory.',
  processes: () => 'The command was ended because it started too many processes.',
  output: () => 'The command was ended because it printed far too much. Let it print less, or into a file.',
  cancelled: () => 'The command was cancelled.',
  killed: () => 'The command was ended.',
}

function toResult(
  transcript: Transcript,
  code: number,
  ending: Ending | undefined,
  timeoutMs: number,
): string {
  const output = transcript.text().trimEnd()
  if (ending !== undefined)
    throw new ToolFailure(
      ending === 'time' ? 'timed-out' : 'failed',
      joined(ENDINGS[ending](timeoutMs), output),
    )
  if (code !== 0) throw new ToolFailure('failed', joined(`Exit code ${code}`, output))
  return output === '' ? '(The command printed nothing.)' : output
}

const joined = (note: string, output: string): string => (output === '' ? note : `${note}\n${output}`)
