import { ToolFailure } from '../failure.ts'
import type { ToolCaller } from '../tool.ts'
import type { Shell, ShellRun } from './shell.ts'

type Starter = Pick<ToolCaller, 'owner' | 'conversation'>

/** What a command in the background has said since it was last asked, and how it is. */
export interface JobReport {
  readonly command: string
  readonly state: 'running' | 'completed' | 'failed' | 'killed'
  readonly code: number | undefined
  readonly output: string
  /** Characters that nobody fetched in time. */
  readonly lost: number
}

/** Commands in the background. A conversation knows its own ones only. */
export interface Jobs {
  /** Starts a command and returns its id. */
  start(starter: Starter, command: string): Promise<string>
  /** The report since the last one. Throws a `ToolFailure` for an id that the conversation does not have. */
  report(starter: Starter, id: string): JobReport
  /** Ends a command; false when it had ended before. */
  kill(starter: Starter, id: string): boolean
  /** Ends them all. */
  close(): void
}

interface Job {
  readonly command: string
  /** Undefined until it was checked and started. */
  run: ShellRun | undefined
  unread: string
  lost: number
  code: number | undefined
  killed: boolean
}

const MAX_RUNNING = 16
/** Ended ones are remembered so that their output can be fetched. */
const MAX_REMEMBERED = 200
const MAX_UNREAD_CHARS = 200_000

export function createJobs(shell: Shell): Jobs {
  const jobs = new Map<string, Job>()
  let last = 0
  const keyOf = ({ owner, conversation }: Starter, id: string): string =>
    JSON.stringify([owner, conversation, id])
  const find = (starter: Starter, id: string): Job => {
    const job = jobs.get(keyOf(starter, id))
    if (job) return job
    throw new ToolFailure('not-found', `There is no command ${id} in the background of this conversation.`)
  }
  return {
    async start(starter, command) {
      if ([...jobs.values()].filter(isRunning).length >= MAX_RUNNING)
        throw new ToolFailure(
          'rate-limited',
          `${MAX_RUNNING} commands run in the background already; end one first.`,
        )
      const id = `bash_${++last}`
      const job: Job = { command, run: undefined, unread: '', lost: 0, code: undefined, killed: false }
      jobs.set(keyOf(starter, id), job)
      try {
        job.run = await shell.start({ command, onOutput: (text) => append(job, text) })
      } catch (error) {
        jobs.delete(keyOf(starter, id))
        throw error
      }
      void job.run.ended.then(({ code }) => {
        job.code = code
        forgetOldest(jobs)
      })
      return id
    },
    report(starter, id) {
      const job = find(starter, id)
      const { unread: output, lost, code, command } = job
      job.unread = ''
      job.lost = 0
      return { command, state: stateOf(job), code, output, lost }
    },
    kill(starter, id) {
      const job = find(starter, id)
      if (!isRunning(job)) return false
      job.killed = true
      job.run?.end('killed')
      return true
    },
    close() {
      for (const job of jobs.values()) if (isRunning(job)) job.run?.end('killed')
    },
  }
}

/** What nobody fetches is kept up to a bound; the oldest goes first. */
function append(job: Job, text: string): void {
  job.unread += text
  const over = job.unread.length - MAX_UNREAD_CHARS
  // Not at every piece, as each cut copies.
  if (over < MAX_UNREAD_CHARS) return
  job.unread = job.unread.slice(over)
  job.lost += over
}

const isRunning = ({ code }: Job): boolean => code === undefined

function stateOf({ code, killed }: Job): JobReport['state'] {
  if (killed) return 'killed'
  if (code === undefined) return 'running'
  return code === 0 ? 'completed' : 'failed'
}

function forgetOldest(jobs: Map<string, Job>): void {
  for (const [key, job] of jobs) {
    if (jobs.size <= MAX_REMEMBERED) return
    if (!isRunning(job)) jobs.delete(key)
  }
}
