import { type Static, Type } from '@sinclair/typebox'

import { oneOf } from '../../wire/schema.ts'

export const STATUSES = ['pending', 'in_progress', 'completed'] as const
export const PRIORITIES = ['high', 'medium', 'low'] as const

/** One thing to do. */
export const Todo = Type.Object({
  content: Type.String({ minLength: 1, description: 'What to do, as an order' }),
  status: oneOf(STATUSES),
  activeForm: Type.Optional(Type.String({ description: 'The same as something that is being done' })),
  id: Type.Optional(Type.String()),
  priority: Type.Optional(oneOf(PRIORITIES)),
})
export type Todo = Static<typeof Todo>

/** A todo of a list; there it always has an id. */
export type ListedTodo = Todo & { readonly id: string }

const MARKS = { pending: '[ ]', in_progress: '[~]', completed: '[x]' } as const

/** The list as the model reads it. */
export const showTodos = (todos: readonly ListedTodo[]): string =>
  todos
    .map(({ id, content, status, priority }) => {
      const note = priority ? ` (${priority} priority)` : ''
      return `${MARKS[status]} ${id}: ${content}${note}`
    })
    .join('\n')
