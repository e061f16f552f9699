import type {
  AgentInput,
  BashInput,
  FileEditInput,
  FileReadInput,
  FileWriteInput,
} from '@anthropic-ai/claude-code/sdk-tools.d.ts'

import type { Call } from '../../src/upstream/demo/script.ts'

const caller =
  <Input extends object>(tool: string) =>
  /** `pieces` says in how many chunks the arguments come. */
  (input: Input, pieces = 1): Call => ({ tool, input: { ...(input as object) }, pieces })

/** Calls of Claude Code's tools, as steps of a script. */
export const runAgent = caller<AgentInput>('Agent')
export const runBash = caller<BashInput>('Bash')
export const editFile = caller<FileEditInput>('Edit')
export const readFile = caller<FileReadInput>('Read')
export const writeFile = caller<FileWriteInput>('Write')
