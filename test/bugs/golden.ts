import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

const TESTS = join(import.meta.dir, '..')

const foldersOf = (root: string): readonly string[] =>
  readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .toSorted()

/** Upstream answers and what becomes of them. */
export const ANSWERS = join(TESTS, 'golden')
/** Conversations on their way upstream. */
export const REQUESTS = join(TESTS, 'golden-requests')

export const ANSWER_NAMES = foldersOf(ANSWERS)
export const REQUEST_NAMES = foldersOf(REQUESTS)

export const textOf = async (path: string): Promise<string> => (existsSync(path) ? Bun.file(path).text() : '')

export const jsonOf = async (path: string): Promise<any> =>
  existsSync(path) ? Bun.file(path).json() : undefined

/** The data of each event of a recorded stream. */
export const dataOf = (sse: string): readonly string[] =>
  [...sse.matchAll(/^data: ?(.*)$/gm)].map(([, data]) => data ?? '')
