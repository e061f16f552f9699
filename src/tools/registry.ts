import { ls } from './ls.ts'
import { read } from './read.ts'
import type { Tool } from './tool.ts'

/** Every tool of the server. The definitions that models see, the metrics and docs/TOOLS.md are made from it. */
export const TOOLS: readonly Tool[] = [ls, read]
