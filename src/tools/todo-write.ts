import { type Static, Type } from '@sinclair/typebox'

import type { Fields } from '../core/context.ts'
import { oneOf } from '../wire/schema.ts'
import { ToolFailure } from './failure.ts'
import { optional, renamed } from './files/parameters.ts'
import { type ListedTodo, PRIORITIES, showTodos, STATUSES, Todo } from './todos/todo.ts'
import { defineTool } from './tool.ts'

const MAX_TODOS = 200

const input = Type.Object({
  todos: optional(Type.Array(Todo, { maxItems: MAX_TODOS, description: 'The whole new list, in order' })),
  action: optional(
    oneOf(['add', 'update', 'complete', 'delete', 'clear'], { description: 'One change instead of a list' }),
  ),
  todo_id: optional(Type.String({ description: 'Which one to change' })),
  content: optional(Type.String({ minLength: 1, description: 'What to do, for add and update' })),
  status: optional(oneOf(STATUSES, { description: 'Its status, for add and update' })),
  priority: optional(oneOf(PRIORITIES, { description: 'Its priority, for add and update' })),
})
type Input = Static<typeof input>

/** Other names for the same, and what belongs to a todo but has no place of its own in the list. */
function accept(given: Fields): Fields {
  const { description, due_date, tags, ...fields } = renamed({ title: 'content', id: 'todo_id' })(given)
  const details = [
    description,
    typeof due_date === 'string' && `due ${due_date}`,
    ...(Array.isArray(tags) ? tags : []),
  ]
  const content = [fields['content'], ...details.filter(Boolean)].filter(Boolean).join('; ')
  const action = typeof fields['action'] === 'string' ? ACTION_NAMES[fields['action']] : undefined
  return { ...fields, ...(content === '' ? {} : { content }), ...(action ? { action } : {}) }
}

const ACTION_NAMES: Readonly<Record<string, string>> = { create: 'add', remove: 'delete', done: 'complete' }

export const todoWrite = defineTool({
  name: 'TodoWrite',
  description:
    'Keeps the todo list of this conversation. todos replaces the whole list; action changes one entry. Use it for ' +
    'work of three steps or more: have one step in_progress at a time, and mark each as completed as soon as it is done.',
  input,
  accept,
  parallelSafe: false,
  perMinute: 120,
  risk: 'Writes to a database in DATA_DIR; a conversation changes only its own list.',
  bulky: ['todos', 'content'],
  async run(change, context) {
    const todos = listAfter(context.todos.read(context), change)
    if (todos.length > MAX_TODOS)
      throw new ToolFailure(
        'too-large',
        `A list has no more than ${MAX_TODOS} todos. Delete some that are done.`,
      )
    context.todos.write(context, todos)
    return todos.length === 0 ? 'The todo list is empty now.' : `The todo list is now:\n${showTodos(todos)}`
  },
})

function listAfter(before: readonly ListedTodo[], change: Input): readonly ListedTodo[] {
  if (change.todos !== undefined) return withIds(change.todos)
  if (change.action === undefined)
    throw new ToolFailure('invalid-input', 'Give todos, the whole new list, or action, one change of it.')
  if (change.action === 'clear') return []
  if (change.action === 'add') return withIds([...before, added(change)])
  const index = before.findIndex(({ id }) => id === change.todo_id)
  const todo = before[index]
  if (!todo)
    throw new ToolFailure(
      'not-found',
      `There is no todo ${change.todo_id ?? '(todo_id is missing)'}.\n${showTodos(before)}`,
    )
  return change.action === 'delete' ? before.toSpliced(index, 1) : before.with(index, changed(todo, change))
}

function added({ content, status = 'pending', priority }: Input): Todo {
  if (content === undefined) throw new ToolFailure('invalid-input', 'A new todo needs content.')
  return { content, status, ...(priority ? { priority } : {}) }
}

const changed = (todo: ListedTodo, { action, content, status, priority }: Input): ListedTodo => ({
  ...todo,
  ...(content === undefined ? {} : { content }),
  ...(priority === undefined ? {} : { priority }),
  status: action === 'complete' ? 'completed' : (status ?? todo.status),
})

/** Every todo with an id of its own; those that have one keep it. */
function withIds(todos: readonly Todo[]): readonly ListedTodo[] {
  const taken = new Set(todos.flatMap(({ id }) => id ?? []))
  let last = 0
  const nextId = (): string => {
    do last++
    while (taken.has(String(last)))
    return String(last)
  }
  const seen = new Set<string>()
  return todos.map((todo) => {
    const id = todo.id !== undefined && !seen.has(todo.id) ? todo.id : nextId()
    seen.add(id)
    return { ...todo, id }
  })
}
