import type { Node } from 'web-tree-sitter'

import { ToolFailure } from '../failure.ts'
import { staticName } from './check-names.ts'
import type { ShellPolicy } from './check.ts'
import { checkInner, checkName } from './names.ts'
import { createPathCheck, type PathCheck, type PathUse } from './path-check.ts'
import { COMMAND_RULES, type CommandRule } from './rules.ts'
import { readWord, type Word } from './words.ts'
import { type Values, WRAPPERS } from './wrappers.ts'

/** Everything the check carries through the tree. */
interface Check {
  readonly policy: ShellPolicy
  readonly paths: PathCheck
}

/**
 * The check where there is no sandbox. Only forms that are known to be harmless pass, and only words whose files are
 * plain to see: what is not listed here is refused, so that a form that nobody thought of is refused too.
 */
export function checkStrictly(root: Node, text: string, policy: ShellPolicy): readonly string[] {
  // The grammar ends a word here, bash does not.
  if (/[^\s]\\\n/.test(text)) throw refused('A backslash at the end of a line within a word')
  const check = { policy, paths: createPathCheck(policy.workspace) }
  visit(root, check)
  // A shell within a shell is never allowed here, so nothing is left to be looked at.
  return []
}

const refused = (what: string, instead = 'Write it in a simpler way.'): ToolFailure =>
  new ToolFailure('refused', `${what} is not allowed here, as there is no sandbox. ${instead}`)

/** Forms that only hold other commands. */
const HOLDERS = new Set([
  'program',
  'list',
  'pipeline',
  'subshell',
  'compound_statement',
  'if_statement',
  'elif_clause',
  'else_clause',
  'do_group',
  'while_statement',
  'negated_command',
])

function visit(node: Node, check: Check): void {
  if (HOLDERS.has(node.type)) return visitHolder(node, check)
  switch (node.type) {
    case 'command':
      return visitCommand(node, check)
    case 'redirected_statement':
      return visitRedirected(node, check)
    case 'for_statement':
      return visitFor(node, check)
    case 'test_command':
      return visitTest(node, check)
    case 'variable_assignment':
      return visitAssignment(node, check)
    case 'variable_assignments':
      return visitHolder(node, check)
    case 'comment':
      return visitComment(node)
    default:
      throw refused(`This (${node.type.replaceAll('_', ' ')})`)
  }
}

function visitHolder(node: Node, check: Check): void {
  if (node.children.some(({ type }) => type === '&'))
    throw refused('A command in the background (&)', 'Set run_in_background instead.')
  for (const child of node.namedChildren) visit(child, check)
}

/** What the grammar takes for a comment must be one for bash as well. */
function visitComment(node: Node): void {
  const before = node.tree.rootNode.text.slice(0, node.startIndex)
  if (!/(?:^|[\s;])$/.test(before)) throw refused('A comment within a word')
}

function visitCommand(node: Node, check: Check): void {
  const named = node.childForFieldName('name')
  const words: Word[] = []
  for (const child of node.namedChildren) {
    if (child.equals(named ?? node)) continue
    if (child.type === 'variable_assignment') visitAssignment(child, check)
    else if (child.type === 'file_redirect' || child.type === 'herestring_redirect')
      visitRedirect(child, check)
    else {
      words.push(readWord(child))
      visitExpansions(child, check)
    }
  }
  if (named) checkCommandWords(checkName(staticName(named), check.policy), words, check)
}

function checkCommandWords(name: string, words: readonly Word[], check: Check): void {
  const inner = checkInner(name, words.map(valueOf), check.policy)
  if (inner.length > 0) throw refused(`A command for ${name} in a text`, 'Give the command itself.')
  const values = words.map(valueOf)
  if (WRAPPERS.has(name) && name !== 'find') {
    checkWrapped(name, words, values, check)
    return
  }
  const rule = COMMAND_RULES[name] ?? UNKNOWN_COMMAND
  checkOptions(name, rule, values)
  if (name === 'cd') return checkFolder(words, check)
  const paths = pathsOf(rule, words)
  for (const word of words) {
    if (word.kind === 'dynamic' && (!word.quoted || rule.words !== 'text'))
      throw refused(dynamicIn(name, word.quoted), 'Write the words out.')
    if (word.kind === 'glob') check.paths.glob(word.value, useOf(rule))
  }
  for (const word of paths) if (word.kind === 'static') check.paths.word(word.value, useOf(rule))
}

/** A command that the operator allowed by name: nothing is known of its options, so each word may be a path. */
const UNKNOWN_COMMAND: CommandRule = { words: 'write' }

const valueOf = (word: Word): string | undefined => (word.kind === 'static' ? word.value : undefined)

function useOf({ words, moves }: CommandRule): PathUse {
  if (moves) return 'move'
  // Some that take a script can write, such as sed -i.
  if (words === 'write' || words === 'pattern') return 'write'
  return words === 'file' ? 'file' : 'read'
}

const dynamicIn = (name: string, quoted: boolean): string =>
  quoted
    ? `A variable or substitution as a word of ${name}`
    : 'A variable or substitution without double quotes'

/** A wrapper's own words and those of its command, which must both be harmless. */
function checkWrapped(name: string, words: readonly Word[], values: Values, check: Check): void {
  if (name === 'xargs') throw refused('xargs', 'Name the files.')
  const unwrap = WRAPPERS.get(name)
  const [inner] = unwrap?.(values) ?? []
  const innerWords = inner && 'words' in inner ? words.slice(words.length - inner.words.length) : []
  for (const word of words.slice(0, words.length - innerWords.length))
    if (word.kind !== 'static' || /[/=]/.test(word.value)) throw refused(`This word of ${name}`)
  const [first, ...others] = innerWords
  const innerName = first ? valueOf(first) : undefined
  if (innerName !== undefined) checkCommandWords(innerName, others, check)
}

function checkOptions(name: string, { refuses, why, needs }: CommandRule, values: Values): void {
  if (needs !== undefined && values[0] !== needs)
    throw refused(`${name} without ${needs}`, `Begin with ${name} ${needs}.`)
  const wrong = values.find((value) => value !== undefined && refuses?.test(value))
  if (wrong !== undefined) throw refused(`${name} ${wrong}`, `The reason: ${why}.`)
}

/** Options in front of a pattern that take no value and read no file. */
const PATTERN_FLAG = /^(?:-[abchHilLnoPqsvwxEFGrz0-9]+|--(?:sandbox|color=\w+|include=[^/]*|exclude=[^/]*))$/

/** The words that may be paths. A pattern or script in front of them is none. */
function pathsOf(rule: CommandRule, words: readonly Word[]): readonly Word[] {
  if (rule.words === 'text') return []
  if (rule.words !== 'pattern') return words
  const index = words.findIndex((word) => !(word.kind === 'static' && PATTERN_FLAG.test(word.value)))
  const pattern = words[index]
  // Where another option stands first, it may have a value, and nobody knows which word is the pattern.
  if (pattern?.kind !== 'static' || pattern.value.startsWith('-')) return words
  return words.toSpliced(index, 1)
}

function checkFolder(words: readonly Word[], { paths }: Check): void {
  const [only, ...others] = words
  if (only?.kind !== 'static' || only.value.startsWith('-') || others.length > 0)
    throw refused('cd without exactly one folder that is written out')
  paths.enter(only.value)
}

function visitRedirected(node: Node, check: Check): void {
  for (const child of node.namedChildren) {
    if (child.type === 'file_redirect' || child.type === 'herestring_redirect') visitRedirect(child, check)
    else if (child.type === 'heredoc_redirect') throw refused('A here-document', 'Write the file with Write.')
    else visit(child, check)
  }
}

function visitRedirect(node: Node, check: Check): void {
  const isText = node.type === 'herestring_redirect'
  const targets = isText ? node.namedChildren : node.childrenForFieldName('destination')
  for (const target of targets) {
    if (!target) continue
    visitExpansions(target, check)
    const word = readWord(target)
    if (isText && (word.kind === 'static' || (word.kind === 'dynamic' && word.quoted))) continue
    if (isText || word.kind !== 'static')
      throw refused('A redirection whose target is not written out', 'Name the file.')
    const isDescriptor = node.children.some(({ type }) => type === '>&' || type === '<&')
    if (isDescriptor && /^[0-2]$/.test(word.value)) continue
    check.paths.word(word.value, node.children.some(({ type }) => type === '<') ? 'read' : 'write')
  }
}

/** Names in capitals mean something to bash and to the commands it runs. */
const HARMLESS_NAME = /^[a-z_][a-z0-9_]*$/

function checkVariable(name: string | undefined): void {
  if (name === undefined || !HARMLESS_NAME.test(name))
    throw refused(`The variable ${name ?? ''}`, 'Use a name of small letters.')
}

function visitAssignment(node: Node, check: Check): void {
  checkVariable(node.childForFieldName('name')?.text)
  const value = node.childForFieldName('value')
  if (!value) return
  if (value.type === 'array') throw refused('A list as the value of a variable')
  visitExpansions(value, check)
}

function visitFor(node: Node, check: Check): void {
  if (node.children.some(({ type }) => type === 'select')) throw refused('select')
  checkVariable(node.childForFieldName('variable')?.text)
  for (const value of node.childrenForFieldName('value')) {
    if (!value) continue
    visitExpansions(value, check)
    const word = readWord(value)
    if (word.kind === 'dynamic' && !word.quoted) throw refused(dynamicIn('for', false))
    if (word.kind === 'glob') check.paths.glob(word.value, 'read')
  }
  const body = node.childForFieldName('body')
  if (body) visit(body, check)
}

/** Tests of texts, and tests of files that are written out. Others calculate, and calculating runs commands. */
const TEXT_TESTS = new Set(['=', '==', '!=', '-z', '-n'])
const FILE_TESTS = new Set(['-f', '-d', '-e', '-s', '-r', '-w', '-x', '-h', '-L', '-nt', '-ot', '-ef'])
const TEST_FORMS = new Set(['unary_expression', 'binary_expression', 'test_operator', 'negated_expression'])

function visitTest(node: Node, check: Check): void {
  const operators: string[] = []
  const operands: Node[] = []
  const visitPart = (part: Node): void => {
    if (part.type === 'test_operator' || (!part.isNamed && !/^[[\]!()]+$/.test(part.type)))
      operators.push(part.text)
    else if (TEST_FORMS.has(part.type)) part.children.forEach(visitPart)
    else if (part.isNamed) operands.push(part)
  }
  node.children.forEach(visitPart)
  const isText = operators.every((operator) => TEXT_TESTS.has(operator))
  if (!isText && !operators.every((operator) => FILE_TESTS.has(operator)))
    throw refused(`The test ${operators.join(' ')}`)
  for (const operand of operands) {
    visitExpansions(operand, check)
    const word = readWord(operand)
    if (word.kind === 'static' && !isText) check.paths.word(word.value, 'read')
    else if (word.kind !== 'static' && !(isText && word.kind === 'dynamic' && word.quoted))
      throw refused('A test of a word that is not written out', 'Put variables in double quotes.')
  }
}

/** Words that are what they are. */
const LEAVES = new Set(['word', 'number', 'raw_string', 'string_content', 'simple_expansion'])

/** Looks at everything within a word that bash would replace. */
function visitExpansions(node: Node, check: Check): void {
  if (LEAVES.has(node.type)) return
  switch (node.type) {
    case 'string':
    case 'concatenation':
      for (const child of node.namedChildren) visitExpansions(child, check)
      return
    case 'command_substitution':
      if (node.text.startsWith('`')) throw refused('A substitution in backquotes', 'Write $(…).')
      return visitHolder(node, check)
    case 'process_substitution':
      return visitHolder(node, check)
    case 'expansion':
      if (!/^\$\{#?[A-Za-z_]\w*\}$/.test(node.text)) throw refused(`The expansion ${node.text}`)
      return
    case 'arithmetic_expansion':
      if (!/^\$\(\([\d\s+\-*/%()<>=!&|^~?:]*\)\)$/.test(node.text))
        throw refused(`The calculation ${node.text}`, 'Use numbers only.')
      return
    default:
      throw refused(`This (${node.type.replaceAll('_', ' ')})`)
  }
}
