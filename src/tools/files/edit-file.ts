import { extname } from 'node:path'

import { ToolFailure } from '../failure.ts'
import type { ToolContext } from '../tool.ts'
import { replaceText, type Replacement } from './replace.ts'
import { decodeText, encodeText, linesOf, numbered, type TextFile } from './text.ts'

const LINES_AROUND = 4

/**
 * Applies replacements to a file, all or none, and returns the changed place as the file has it now. An empty
 * `old_string` in the first one makes a new file.
 */
export function editFile(name: string, edits: readonly Replacement[], context: ToolContext): string {
  const { workspace, reads } = context
  const path = workspace.locate(name)
  if (extname(path).toLowerCase() === '.ipynb')
    throw new ToolFailure('refused', `${name} is a notebook. Change its cells with NotebookEdit.`)
  const [first, ...others] = edits
  const creates = first?.old_string === ''
  if (creates && workspace.exists(name))
    throw new ToolFailure('conflict', `${name} exists already. Give the text to replace as old_string.`)
  const expected = creates ? 'absent' : reads.expect(context, existing(context, name), name)
  const before: TextFile = creates
    ? { text: first.new_string, encoding: 'utf-8', mark: false, newline: '\n' }
    : decodeText(workspace.read(name).bytes, name)
  const after = applyAll(before.text, creates ? others : edits, name, creates ? 2 : 1)
  reads.note(context, workspace.write(name, encodeText({ ...before, text: after.text }), expected))
  return `The file ${path} has been ${creates ? 'created' : 'changed'}:\n${around(after.text, after.at, after.length)}`
}

/** The real path of a file that must exist. */
function existing({ workspace }: ToolContext, name: string): string {
  if (!workspace.exists(name)) throw new ToolFailure('not-found', `${name} does not exist.`)
  return workspace.locate(name)
}

function applyAll(
  text: string,
  edits: readonly Replacement[],
  name: string,
  number: number,
): { text: string; at: number; length: number } {
  let state = { text, at: 0, length: 0 }
  for (const [index, edit] of edits.entries()) {
    const label = edits.length + number - 1 > 1 ? `${name}, edit ${index + number}` : name
    const replaced = replaceText(state.text, edit, label)
    state = { text: replaced.text, at: replaced.at, length: edit.new_string.length }
  }
  return state
}

/** The lines of the last change, with some around them. */
function around(text: string, at: number, length: number): string {
  const lineOf = (offset: number): number => text.slice(0, offset).split('\n').length
  const first = Math.max(1, lineOf(at) - LINES_AROUND)
  return numbered(linesOf(text).slice(first - 1, lineOf(at + length) + LINES_AROUND), first)
}
