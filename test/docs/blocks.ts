/** A fenced block of a document. */
export interface Block {
  readonly language: string
  readonly text: string
  /** Where its first line stands. */
  readonly line: number
}

/** The fenced blocks of a Markdown text, in order. */
export function blocksOf(markdown: string): readonly Block[] {
  return [...markdown.matchAll(/^```(\w+)[^\n]*\n(.*?)^```$/gms)].map((match) => ({
    language: match[1] ?? '',
    text: match[2] ?? '',
    line: markdown.slice(0, match.index).split('\n').length + 1,
  }))
}

/** The commands of a shell block: lines are joined until quotes are closed and nothing says that more follows. */
export function commandsOf(block: string): readonly string[] {
  const commands: string[] = []
  let current = ''
  for (const line of block.split('\n')) {
    current += current === '' ? line : `\n${line}`
    if (current.trim() === '' || isComment(current)) current = ''
    else if (isComplete(current)) {
      commands.push(current)
      current = ''
    }
  }
  if (current !== '') throw new Error(`a command does not end: ${current}`)
  return commands
}

const isComment = (command: string): boolean => command.trimStart().startsWith('#')

function isComplete(command: string): boolean {
  if (/(?:\\|\||&&)\s*$/.test(command)) return false
  let quote = ''
  for (let at = 0; at < command.length; at++) {
    const character = command[at] ?? ''
    if (character === '\\' && quote !== "'") at++
    else if (quote === '' && (character === "'" || character === '"')) quote = character
    else if (character === quote) quote = ''
  }
  return quote === ''
}
