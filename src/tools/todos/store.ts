import type { Database } from 'bun:sqlite'

import type { Clock } from '../../core/clock.ts'
import { toStoreFailure } from '../../store/database.ts'
import { ToolFailure } from '../failure.ts'
import type { ToolCaller } from '../tool.ts'
import type { ListedTodo } from './todo.ts'

export const TODO_MIGRATIONS = [
  `CREATE TABLE todo_lists (
    owner TEXT NOT NULL,
    conversation TEXT NOT NULL,
    todos TEXT NOT NULL,
    changed_at_ms INTEGER NOT NULL,
    PRIMARY KEY (owner, conversation)
  );
  CREATE INDEX todo_lists_by_change ON todo_lists (changed_at_ms);`,
]

/** Lists that nobody has changed for so long are removed. */
const KEPT_MS = 30 * 24 * 3600 * 1000

type Writer = Pick<ToolCaller, 'owner' | 'conversation'>

/** The todo list of every conversation; it outlives the process. */
export interface TodoStore {
  read(writer: Writer): readonly ListedTodo[]
  write(writer: Writer, todos: readonly ListedTodo[]): void
  close(): void
}

/** `open` is called at the first use only. */
export function createTodoStore(open: () => Database, clock: Clock): TodoStore {
  let database: Database | undefined
  const use = <Result>(run: (opened: Database) => Result): Result => {
    try {
      return run((database ??= open()))
    } catch (error) {
      const failure = toStoreFailure(error)
      throw new ToolFailure('failed', `The todo list could not be reached: ${failure.message}.`, {
        cause: error,
      })
    }
  }
  return {
    read: ({ owner, conversation }) =>
      use((opened) => {
        const row = opened
          .query<{ todos: string }, [string, string]>(
            'SELECT todos FROM todo_lists WHERE owner = ? AND conversation = ?',
          )
          .get(owner, conversation)
        return row ? (JSON.parse(row.todos) as ListedTodo[]) : []
      }),
    write({ owner, conversation }, todos) {
      use((opened) => {
        opened
          .query('INSERT OR REPLACE INTO todo_lists VALUES (?, ?, ?, ?)')
          .run(owner, conversation, JSON.stringify(todos), clock.now())
        opened.query('DELETE FROM todo_lists WHERE changed_at_ms < ?').run(clock.now() - KEPT_MS)
      })
    },
    close() {
      database?.close()
    },
  }
}
