import { Type } from '@sinclair/typebox'

import { defineTool } from './tool.ts'

export const task = defineTool({
  name: 'Task',
  description:
    'Gives a piece of work to another agent, which has tools of its own, sees nothing of this conversation and reports ' +
    'once, when it is done. Say in the prompt all that it must know and what it shall report. Several tasks of one turn ' +
    'run at the same time.',
  input: Type.Object({
    description: Type.String({ description: 'The task in three to five words' }),
    prompt: Type.String({ minLength: 1, description: 'The whole task' }),
    subagent_type: Type.Optional(
      Type.Union([Type.Literal('general-purpose'), Type.Literal('explore')], {
        description: 'general-purpose has all tools, explore only those that change nothing',
      }),
    ),
  }),
  parallelSafe: true,
  nested: true,
  perMinute: 20,
  bulky: ['prompt'],
  risk: 'Asks the model on its own: each task costs as much as a conversation.',
  // The answer that it is part of ends in time, and the task with it.
  timeLimitMs: () => 3_600_000,
  async run({ description, prompt, subagent_type: kind = 'general-purpose' }, { helpers }) {
    return helpers.runAgent({ description, prompt, kind })
  },
})
