import { Type } from '@sinclair/typebox'

import { optional, renamed } from './files/parameters.ts'
import { defineTool } from './tool.ts'

export const bashOutput = defineTool({
  name: 'BashOutput',
  description:
    'Shows what a command in the background has printed since it was last asked, and whether it still runs. With ' +
    'filter, only the lines that match; the others are gone then.',
  input: Type.Object({
    bash_id: Type.String({ description: 'The id that Bash gave' }),
    filter: optional(Type.String({ description: 'A regular expression for the lines to show' })),
  }),
  accept: renamed({ shell_id: 'bash_id', task_id: 'bash_id' }),
  parallelSafe: true,
  perMinute: 300,
  risk: 'None; a conversation sees only its own commands.',
  async run({ bash_id, filter }, context) {
    const pattern = filter === undefined ? undefined : await compileFilter(filter)
    const { state, code, output, lost } = context.jobs.report(context, bash_id)
    const lines = pattern
      ? output
          .split('\n')
          .filter((line) => pattern.test(line))
          .join('\n')
      : output
    return [
      `Status: ${state}${code === undefined || state === 'killed' ? '' : ` (exit code ${code})`}`,
      ...(lost > 0 ? [`[${lost} characters were printed before these and are lost.]`] : []),
      lines.trimEnd() || '(Nothing new was printed.)',
    ].join('\n')
  },
})

/** The matcher is loaded when it is first asked for. */
const compileFilter = async (filter: string) => (await import('./files/pattern.ts')).compilePattern(filter)
