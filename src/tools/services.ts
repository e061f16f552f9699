import type { Clock } from '../core/clock.ts'
import type { ReadMarks } from './files/read-marks.ts'
import type { Workspace } from './files/workspace.ts'
import type { Search } from './grep/search.ts'
import type { Jobs } from './shell/jobs.ts'
import type { Shell } from './shell/shell.ts'
import type { TodoStore } from './todos/store.ts'

/** How much a run may take. */
export interface ToolLimits {
  /** How long it may take, unless the tool has a limit of its own. */
  readonly timeoutMs: number
  /** The largest file that is read or written. */
  readonly maxFileBytes: number
  /** The most characters of text that one run gives to the model. */
  readonly maxOutputChars: number
}

/** What all runs share. Made once, with the toolbox. */
export interface ToolServices {
  readonly clock: Clock
  readonly limits: ToolLimits
  /** The only way to files. */
  readonly workspace: Workspace
  /** Which files a conversation has seen. */
  readonly reads: ReadMarks
  readonly todos: TodoStore
  /** Looks for text in files. */
  readonly search: Search
  /** The only way to run commands. */
  readonly shell: Shell
  /** Commands in the background. */
  readonly jobs: Jobs
}
