import type { MessagesRequest } from '../../wire/anthropic/request.ts'
import type { Problem } from './problem.ts'

/** The same request once more, with the answer that did not fit and with what was wrong about it. */
export function toReask(
  request: MessagesRequest,
  answer: string,
  problems: readonly Problem[],
): MessagesRequest {
  const wrong = answer.trim() === '' ? [] : [{ role: 'assistant' as const, content: answer.trimEnd() }]
  return {
    ...request,
    messages: [...request.messages, ...wrong, { role: 'user', content: complaint(problems) }],
  }
}

const complaint = (problems: readonly Problem[]): string =>
  [
    'Your answer does not have the required format:',
    ...problems.map((problem) => `- ${inWords(problem)}`),
    'Answer once more with the whole, corrected JSON value and nothing else.',
  ].join('\n')

/** A problem in one line, e.g. `/people/0/age: must be integer, but is "12"`. */
export const inWords = ({ path, message }: Problem): string =>
  `${path === '' ? 'the whole answer' : path}: ${message}`
