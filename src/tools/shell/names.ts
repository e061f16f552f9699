import { ToolFailure } from '../failure.ts'
import { isWithin } from '../files/confine.ts'
import type { ShellPolicy } from './check.ts'
import { ANY_COMMAND, OWN_PROGRAMS } from './rules.ts'
import { type Inner, type Values, WRAPPERS } from './wrappers.ts'

const PLAIN_NAME = /^[\w.+:[-]+$/

/** Throws unless that command may be run. */
export function checkName(name: string | undefined, { allowed, workspace }: ShellPolicy): string {
  if (name === undefined || name === '')
    throw new ToolFailure(
      'refused',
      'The name of a command must be written out, without variables and patterns.',
    )
  if (allowed.has(ANY_COMMAND) || allowed.has(name)) return name
  if (name.includes('/')) {
    const own = allowed.has(OWN_PROGRAMS) && isWithin(workspace.root, workspace.locate(name))
    if (own) return name
    throw new ToolFailure(
      'refused',
      `${name} is not allowed: programs are called by their name, not by a path.`,
    )
  }
  if (!PLAIN_NAME.test(name)) throw new ToolFailure('refused', `${name} is not the name of a command.`)
  throw new ToolFailure('refused', `${name} is not among the allowed commands: ${listOf(allowed)}.`)
}

const listOf = (allowed: ReadonlySet<string>): string => [...allowed].toSorted().join(' ')

/** Checks the commands that a command runs in its turn, and returns the scripts that are still to be parsed. */
export function checkInner(name: string, words: Values, policy: ShellPolicy): readonly string[] {
  const unwrap = WRAPPERS.get(name)
  return unwrap ? unwrap(words).flatMap((inner) => checkOne(inner, policy)) : []
}

function checkOne(inner: Inner, policy: ShellPolicy): readonly string[] {
  if ('script' in inner) return [inner.script]
  const [name, ...words] = inner.words
  return checkInner(checkName(name, policy), words, policy)
}
