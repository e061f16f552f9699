import { Type } from '@sinclair/typebox'

import { oneOf } from '../wire/schema.ts'
import { optional } from './files/parameters.ts'
import { PRIORITIES, showTodos, STATUSES } from './todos/todo.ts'
import { defineTool } from './tool.ts'

export const todoRead = defineTool({
  name: 'TodoRead',
  description: 'Shows the todo list of this conversation.',
  input: Type.Object({
    status_filter: optional(oneOf(['all', ...STATUSES], { description: 'Only those with this status' })),
    priority_filter: optional(oneOf(['all', ...PRIORITIES], { description: 'Only those of this priority' })),
  }),
  parallelSafe: true,
  perMinute: 120,
  risk: 'None; a conversation sees only its own list.',
  async run({ status_filter = 'all', priority_filter = 'all' }, context) {
    const todos = context.todos
      .read(context)
      .filter(({ status }) => status_filter === 'all' || status === status_filter)
      .filter(({ priority = 'medium' }) => priority_filter === 'all' || priority === priority_filter)
    return todos.length === 0 ? 'The todo list is empty.' : showTodos(todos)
  },
})
