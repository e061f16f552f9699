import type { Workspace } from '../files/workspace.ts'
import { checkNames } from './check-names.ts'
import { checkStrictly } from './check-strictly.ts'
import { withSyntax } from './parser.ts'

/** What commands may do. */
export interface ShellPolicy {
  /** The names of the commands that may be run. */
  readonly allowed: ReadonlySet<string>
  /** Whether a sandbox keeps commands within the working directory, whatever they do. */
  readonly walled: boolean
  /** Whether there is a program of that name on the search path. */
  readonly isProgram: (name: string) => boolean
  readonly workspace: Workspace
}

/**
 * Throws a `ToolFailure` for a command line that may not be run. Every command in it must be allowed by name. Without
 * a sandbox, each one's words must show before it runs which files it touches, and these must be in the working
 * directory.
 */
export async function checkCommand(text: string, policy: ShellPolicy): Promise<void> {
  const inner = await withSyntax(text, (root) =>
    policy.walled ? checkNames(root, policy) : checkStrictly(root, text, policy),
  )
  for (const script of inner) await checkCommand(script, policy)
}
