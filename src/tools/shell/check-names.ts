import type { Node } from 'web-tree-sitter'

import { ToolFailure } from '../failure.ts'
import type { ShellPolicy } from './check.ts'
import { checkInner, checkName } from './names.ts'
import { readWord } from './words.ts'
import type { Values } from './wrappers.ts'

/**
 * The check inside a sandbox: the name of every command there is in the line, in substitutions and functions too, and
 * of those that commands run. Returns the scripts for shells in it, which are to be checked as well.
 */
export function checkNames(root: Node, policy: ShellPolicy): readonly string[] {
  const functions = root.descendantsOfType('function_definition').flatMap(functionName)
  // Whether it is defined by then is not known: without it, the program of that name would be run.
  const program = functions.find((name) => !policy.allowed.has(name) && policy.isProgram(name))
  if (program !== undefined)
    throw new ToolFailure('refused', `${program} is the name of a program. Call the function something else.`)
  const known = { ...policy, allowed: new Set([...policy.allowed, ...functions]) }
  for (const expansion of root.descendantsOfType('expansion')) checkExpansion(expansion)
  return root.descendantsOfType('command').flatMap((command) => (command ? checkOne(command, known) : []))
}

function functionName(definition: Node | null): readonly string[] {
  const name = definition?.childForFieldName('name')?.text
  return name === undefined ? [] : [name]
}

function checkOne(command: Node, policy: ShellPolicy): readonly string[] {
  const named = command.childForFieldName('name')
  // Settings and redirections alone run nothing.
  if (!named) return []
  const name = checkName(staticName(named), policy)
  const words: Values = command.childrenForFieldName('argument').map((node) => {
    const word = node ? readWord(node) : undefined
    return word?.kind === 'static' ? word.value : undefined
  })
  return checkInner(name, words, policy)
}

/** The name as bash will look it up; undefined where only the run decides. */
export function staticName(named: Node): string | undefined {
  const [only, ...others] = named.children
  if (!only || others.length > 0) return undefined
  // It is written as a pattern and is none.
  if (only.text === '[') return '['
  const word = readWord(only)
  return word.kind === 'static' ? word.value : undefined
}

/** `${x@P}` runs the commands in a text, and `${!x}` reads a variable that another one names. */
function checkExpansion(node: Node | null): void {
  if (node && /@P\}$|^\$\{!/.test(node.text))
    throw new ToolFailure('refused', `${node.text} is not allowed: it reads a text as commands or names.`)
}
