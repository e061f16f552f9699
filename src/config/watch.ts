import { type FSWatcher, realpathSync, watch } from 'node:fs'
import { dirname } from 'node:path'
import { isatty } from 'node:tty'

/** Undoes what the call that returned it has begun. */
export type Stop = () => void

/**
 * Calls `onTouch` whenever something happens where the file lies, which need not be about the file. The folders are
 * watched and not the file, since editors put a new file in its place; two folders when it is a link. Throws where
 * the system cannot watch them.
 */
export function watchFile(path: string, onTouch: () => void): Stop {
  const watchers: FSWatcher[] = []
  const stop = (): void => watchers.forEach((watcher) => watcher.close())
  try {
    for (const folder of foldersOf(path))
      watchers.push(watch(folder, { persistent: false }, onTouch).on('error', onTouch))
  } catch (error) {
    stop()
    throw error
  }
  return stop
}

const foldersOf = (path: string): ReadonlySet<string> => new Set([dirname(path), dirname(targetOf(path))])

/** Where a link leads; the path itself while there is nothing. */
function targetOf(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}

/**
 * Calls `onSignal` at every SIGHUP. A process in a terminal is sent one when its window is closed, and ends by it as
 * any other program does; so there, and on Windows, nothing is listened to.
 */
export function listenForHangUp(onSignal: () => void, inTerminal = isatty(0)): Stop {
  if (inTerminal || process.platform === 'win32') return () => undefined
  process.on('SIGHUP', onSignal)
  return () => process.off('SIGHUP', onSignal)
}
