import type { Sources } from '../config/given.ts'
import type { Machine } from '../config/machine.ts'
import type { Config } from '../config/schema.ts'

/** One flag of a command's own; the settings' flags may stand beside it. */
export interface Option {
  /** What its value is called, e.g. `FILE`; without it the flag is a switch. */
  readonly placeholder?: string
  readonly description: string
}

/** What the command line says beside the settings. */
export interface CommandLine {
  /** The words behind the command's name. */
  readonly words: readonly string[]
  /** The command's own flags by name, without the dashes; a switch is `true`. */
  readonly options: Readonly<Record<string, string | true>>
  /** What stands behind `--`, untouched. */
  readonly rest: readonly string[]
}

/** A command could not do what it was asked to: its words are for the user, and the exit code is 1. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure'
}

/** What a command works with. */
export interface Invocation extends CommandLine {
  /** What the configuration is made from. */
  readonly sources: Sources
  /** Reads the configuration; throws a `ConfigError` that names every wrong value. */
  readonly load: (assumed?: Pick<Machine, 'hasKeys'>) => Promise<Config>
  /** Writes to standard output: what was asked for, and nothing else. */
  readonly say: (text: string) => void
  /** Writes to standard error: logs, progress, complaints. */
  readonly complain: (text: string) => void
}

/** One command of the program. */
export interface Command {
  /** One sentence for `--help`. */
  readonly summary: string
  /** What may stand behind its name, e.g. `list|show ID`; without it, nothing may. */
  readonly usage?: string
  /** More for `help COMMAND`: paragraphs with blank lines between them; indented ones are examples. */
  readonly details?: string
  readonly options?: Readonly<Record<string, Option>>
  /** Resolves to the exit code. Throws a `ConfigError` for wrong words: exit code 2. */
  readonly run: (invocation: Invocation) => Promise<number>
}
