import { Type } from '@sinclair/typebox'

import { renamed } from './files/parameters.ts'
import { defineTool } from './tool.ts'

export const killShell = defineTool({
  name: 'KillShell',
  description: 'Ends a command that runs in the background, with everything that it started.',
  input: Type.Object({ shell_id: Type.String({ description: 'The id that Bash gave' }) }),
  accept: renamed({ bash_id: 'shell_id', task_id: 'shell_id' }),
  parallelSafe: true,
  perMinute: 120,
  risk: 'None; a conversation ends only its own commands.',
  async run({ shell_id }, context) {
    return context.jobs.kill(context, shell_id)
      ? `The command ${shell_id} was ended.`
      : `The command ${shell_id} had ended before.`
  },
})
