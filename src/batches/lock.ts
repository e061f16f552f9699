import { Database, SQLiteError } from 'bun:sqlite'

/** Sees to it that of all programs on one data folder only one runs its batches. */
export interface WorkerLock {
  /** Whether this program has it, or gets it now. The system takes it back from a program that dies at once. */
  acquire(): boolean
  release(): void
}

/** A lock on a file of its own. The file stays empty; SQLite is only asked to lock it. */
export function createWorkerLock(path: string): WorkerLock {
  let held: Database | undefined
  return {
    acquire() {
      if (held) return true
      const database = new Database(path, { create: true })
      try {
        database.run('BEGIN EXCLUSIVE')
        held = database
        return true
      } catch (error) {
        database.close()
        if (error instanceof SQLiteError && error.code === 'SQLITE_BUSY') return false
        throw error
      }
    },
    release() {
      held?.close()
      held = undefined
    },
  }
}
