import { RE2JS } from 're2js'

import { ToolFailure } from '../failure.ts'

export interface Pattern {
  test(text: string): boolean
  /** Where it matches, in order and apart from each other. */
  matches(text: string): Iterable<{ readonly start: number; readonly end: number }>
}

export interface PatternOptions {
  readonly ignoreCase?: boolean
  /** Whether a dot may be the end of a line. */
  readonly dotAll?: boolean
}

/**
 * A regular expression of the model's, matched in linear time: one that backtracks would let a few letters stop the
 * server. The syntax is RE2's, which ripgrep's is too: no look-around, no references back.
 */
export function compilePattern(
  source: string,
  { ignoreCase = false, dotAll = false }: PatternOptions = {},
): Pattern {
  const flags = (ignoreCase ? RE2JS.CASE_INSENSITIVE : 0) | (dotAll ? RE2JS.DOTALL : 0) | RE2JS.MULTILINE
  const compiled = compile(source, flags)
  return {
    test: (text) => compiled.matcher(text).find(),
    *matches(text) {
      const matcher = compiled.matcher(text)
      while (matcher.find()) yield { start: matcher.start(), end: matcher.end() }
    },
  }
}

function compile(source: string, flags: number): RE2JS {
  try {
    return RE2JS.compile(source, flags)
  } catch (error) {
    throw new ToolFailure(
      'invalid-input',
      `${JSON.stringify(source)} is no regular expression that can be used here: ${String(error)}. There is no ` +
        'look-around and no reference back; literal braces need a backslash.',
    )
  }
}
