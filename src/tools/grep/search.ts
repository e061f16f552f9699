import type { Handle } from '../files/handle.ts'
import type { Workspace } from '../files/workspace.ts'

/** What to look for. */
export interface Query {
  readonly pattern: string
  readonly ignoreCase: boolean
  /** Whether a match may go over several lines, and a dot over their ends. */
  readonly multiline: boolean
  /** Patterns of paths; with `!` those to leave out. */
  readonly globs: readonly string[]
  /** Kinds of files by ripgrep's names, such as `js`. */
  readonly type: string | undefined
  readonly before: number
  readonly after: number
  /** Only whether there is a match in a file. */
  readonly firstOnly: boolean
}

/** A line that was found, or one around it. */
export interface FoundLine {
  /** From 1; of the first line where there are several. */
  readonly number: number
  /** Without the end of the line. */
  readonly text: string
  readonly isMatch: boolean
  /** The texts that matched. */
  readonly matches: readonly string[]
}

/** A file with a match. */
export interface FoundFile {
  /** From the folder that was searched; empty where one file was. */
  readonly path: string
  readonly lines: readonly FoundLine[]
}

export interface Place {
  readonly workspace: Workspace
  /** The folder or file to search. */
  readonly start: Handle
  readonly signal: AbortSignal
}

/** One way to search. Throws a `ToolFailure` for a query that it does not understand. */
export type Search = (query: Query, place: Place) => AsyncIterable<FoundFile>
