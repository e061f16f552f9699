import bashWasm from 'tree-sitter-bash/tree-sitter-bash.wasm' with { type: 'file' }
import type { Node, Parser } from 'web-tree-sitter'
import coreWasm from 'web-tree-sitter/web-tree-sitter.wasm' with { type: 'file' }

import { ToolFailure } from '../failure.ts'

let loading: Promise<Parser> | undefined

/** Loaded at the first command: it takes about 60 ms and 30 MB. */
const parser = async (): Promise<Parser> => (loading ??= load())

async function load(): Promise<Parser> {
  const { Language, Parser } = await import('web-tree-sitter')
  // The files are within the compiled program, where only their bytes can be had.
  const [core, bash] = await Promise.all([Bun.file(coreWasm).bytes(), Bun.file(bashWasm).bytes()])
  await Parser.init({ wasmBinary: core })
  return new Parser().setLanguage(await Language.load(bash))
}

const MAX_COMMAND_CHARS = 30_000

// oxlint-disable-next-line no-control-regex
const CONTROL = /[\x00-\x08\x0b-\x1f\x7f]/

/**
 * Parses a command line and hands its tree to `read`, for as long as that runs. Throws a `ToolFailure` for whatever
 * the grammar does not understand in full: a guess could be another one than bash's.
 */
export async function withSyntax<Result>(text: string, read: (root: Node) => Result): Promise<Result> {
  if (text.length > MAX_COMMAND_CHARS)
    throw new ToolFailure(
      'refused',
      `The command is longer than ${MAX_COMMAND_CHARS} characters. Write a script.`,
    )
  if (CONTROL.test(text) || !text.isWellFormed())
    throw new ToolFailure(
      'refused',
      'The command holds control characters. Use plain text with line ends (\\n).',
    )
  const tree = (await parser()).parse(text)
  if (!tree) throw new ToolFailure('refused', NOT_UNDERSTOOD)
  try {
    if (tree.rootNode.hasError || !coversAll(tree.rootNode, text))
      throw new ToolFailure('refused', NOT_UNDERSTOOD)
    return read(tree.rootNode)
  } finally {
    tree.delete()
  }
}

const NOT_UNDERSTOOD = 'The command was not understood in full, so it is not run. Write it in a simpler way.'

/** Whether nothing but space lies between the leaves of the tree: what the parser skipped, bash might run. */
function coversAll(root: Node, text: string): boolean {
  let end = 0
  const isSpace = (upTo: number): boolean => /^(?:[ \t\n]|\\\n)*$/.test(text.slice(end, upTo))
  const visit = (node: Node): boolean => {
    if (node.isMissing) return false
    // Text in quotes is looked at as a whole, spaces and all.
    if (node.childCount > 0 && node.type !== 'string' && node.type !== 'heredoc_body')
      return node.children.every(visit)
    const covered = isSpace(node.startIndex)
    end = Math.max(end, node.endIndex)
    return covered
  }
  return visit(root) && isSpace(text.length)
}
