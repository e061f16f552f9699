import type { Node } from 'web-tree-sitter'

/** What bash makes of one word of a command, as far as that can be said before it runs. */
export type Word =
  /** Exactly this text. */
  | { readonly kind: 'static'; readonly value: string }
  /** The names that match a pattern; `value` is the pattern without quotes. */
  | { readonly kind: 'glob'; readonly value: string }
  /** The output of a command by the name of a pipe. */
  | { readonly kind: 'pipe' }
  /** Something that only the run decides; `quoted` says that it stays one word and no pattern. */
  | { readonly kind: 'dynamic'; readonly quoted: boolean }

const UNQUOTED: Word = { kind: 'dynamic', quoted: false }
const QUOTED: Word = { kind: 'dynamic', quoted: true }

export function readWord(node: Node): Word {
  // What `find -exec` puts a path in place of; not the braces that make several words of one.
  if (node.text === '{}') return { kind: 'static', value: '{}' }
  switch (node.type) {
    case 'word':
      return readPlain(node.text)
    case 'number':
      return /^-?\d+$/.test(node.text) ? { kind: 'static', value: node.text } : UNQUOTED
    case 'raw_string':
      return { kind: 'static', value: node.text.slice(1, -1) }
    case 'string':
      return readQuoted(node)
    case 'concatenation':
      return join(node.children.map(readWord))
    case 'arithmetic_expansion':
      // A number is one word and no pattern.
      return QUOTED
    case 'process_substitution':
      return { kind: 'pipe' }
    default:
      return UNQUOTED
  }
}

function readPlain(text: string): Word {
  const plain = text.replaceAll(/\\[^]/g, '')
  // Braces make several words, and a tilde becomes somebody's home, also behind = and : of what looks like a setting.
  if (/[{}]|(?:^|[=:])~/.test(plain)) return UNQUOTED
  const value = text.replaceAll(/\\([^])/g, '$1')
  return { kind: /[*?[]/.test(plain) ? 'glob' : 'static', value }
}

const PLAIN_PARTS = new Set(['"', 'string_content'])

function readQuoted(node: Node): Word {
  if (!node.children.every(({ type }) => PLAIN_PARTS.has(type))) return QUOTED
  return { kind: 'static', value: node.text.slice(1, -1).replaceAll(/\\([$`"\\])/g, '$1') }
}

function join(parts: readonly Word[]): Word {
  let value = ''
  let kind: 'static' | 'glob' = 'static'
  let quoted = true
  let isDynamic = false
  for (const part of parts) {
    if (part.kind === 'pipe') return UNQUOTED
    if (part.kind === 'dynamic') {
      isDynamic = true
      quoted &&= part.quoted
    } else {
      value += part.value
      if (part.kind === 'glob') kind = 'glob'
    }
  }
  if (isDynamic) return { kind: 'dynamic', quoted: quoted && kind === 'static' }
  return { kind, value }
}
