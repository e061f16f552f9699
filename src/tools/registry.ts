import { bashOutput } from './bash-output.ts'
import { bash } from './bash.ts'
import { edit } from './edit.ts'
import { glob } from './glob.ts'
import { grep } from './grep.ts'
import { killShell } from './kill-shell.ts'
import { ls } from './ls.ts'
import { multiEdit } from './multi-edit.ts'
import { notebookEdit } from './notebook-edit.ts'
import { notebookRead } from './notebook-read.ts'
import { read } from './read.ts'
import { task } from './task.ts'
import { todoRead } from './todo-read.ts'
import { todoWrite } from './todo-write.ts'
import type { Tool } from './tool.ts'
import { webFetch } from './web-fetch.ts'
import { webSearch } from './web-search.ts'
import { write } from './write.ts'

/** Every tool of the server. The definitions that models see, the metrics and docs/TOOLS.md are made from it. */
export const TOOLS: readonly Tool[] = [
  read,
  write,
  edit,
  multiEdit,
  ls,
  glob,
  grep,
  bash,
  bashOutput,
  killShell,
  notebookRead,
  notebookEdit,
  todoRead,
  todoWrite,
  task,
  webSearch,
  webFetch,
]
