import { Failure, invalidRequest } from '../../core/errors.ts'
import type { Toolbox } from '../../tools/toolbox.ts'
import type { Look, ServedOutput } from '../../translate/served/look.ts'
import type { ServerCallName } from '../../wire/anthropic/server-results.ts'
import type { CustomTool, Tool } from '../../wire/anthropic/tools.ts'
import { readExecution, toExecution } from './execution.ts'
import { failedOutput } from './failed.ts'
import type { OwnTerms, OwnTools } from './own-tools.ts'
import { runOwn } from './own-tools.ts'
import type { ServedTool, ToolRun } from './tool.ts'

/** Anthropic's code execution, done by the server's own Bash, Read, Write and Edit in its sandbox. */
const TYPE = /^code_execution_(\d{8})$/
/** The first version runs Python only; all later ones are a shell and an editor. */
const PYTHON_ONLY = '20250522'

export const isCodeExecution = ({ type }: Tool): boolean => TYPE.test(type ?? '')

/** The functions that stand for it. Throws a `Failure` where code cannot be run safely. */
export function codeToolsOf(tools: readonly Tool[], terms: OwnTerms): OwnTools {
  const asked = tools.find(isCodeExecution)
  if (!asked) return { tools: [], definitions: [] }
  const toolbox = admit(asked.type ?? '', terms)
  const parts = asked.type?.endsWith(PYTHON_ONLY) ? [PYTHON] : [SHELL, EDITOR]
  return {
    tools: parts.map((part) => toServed(part, toolbox, terms)),
    definitions: parts.map(({ definition }) => definition),
  }
}

function admit(type: string, { toolbox, context }: OwnTerms): Toolbox {
  if (context.caller?.allowsTools === false)
    throw new Failure('permission_error', `tools: '${type}': this API key may not use the server's tools`)
  if (toolbox?.sandboxed) return toolbox
  throw invalidRequest(
    `tools: '${type}': this server runs code only in a sandbox; its operator can switch it on with ` +
      'TOOL_EXECUTION_ENABLED=true, TOOL_WORKING_DIRECTORY=<folder> and bubblewrap, or offer a tool of your own that runs code',
  )
}

type Input = Readonly<Record<string, unknown>>
/** Runs one of the server's own tools. */
type RunTool = (name: string, input: Input) => Promise<{ readonly text: string; readonly isError: boolean }>

interface CodeTool {
  readonly name: ServerCallName
  readonly definition: CustomTool
  readonly run: (input: Input, runTool: RunTool) => Promise<ServedOutput>
}

function toServed({ name, run }: CodeTool, toolbox: Toolbox, terms: OwnTerms): ServedTool {
  return {
    name,
    look: { kind: 'server', name },
    parallelSafe: false,
    run: async (input, toolRun: ToolRun) =>
      run(input, async (tool, given) => runOwn(tool, given, toolbox, terms, toolRun)),
  }
}

const text = (description: string) => ({ type: 'string', description })

const SHELL: CodeTool = {
  name: 'bash_code_execution',
  definition: {
    name: 'bash_code_execution',
    description: 'Runs a bash command line in a sandbox without network and returns what it prints.',
    input_schema: {
      type: 'object',
      properties: { command: text('The command line') },
      required: ['command'],
    },
  },
  async run({ command }, runTool) {
    const { text: said, isError } = await runTool('Bash', { command })
    return { isError, shown: toExecution(said, isError) }
  },
}

const PYTHON: CodeTool = {
  name: 'code_execution',
  definition: {
    name: 'code_execution',
    description: 'Runs Python code in a sandbox without network and returns what it prints.',
    input_schema: { type: 'object', properties: { code: text('The Python code') }, required: ['code'] },
  },
  async run({ code }, runTool) {
    const { text: said, isError } = await runTool('Bash', { command: 'python3 -', input: code })
    return {
      isError,
      shown: { type: 'code_execution_result', ...readExecution(said, isError), content: [] },
    }
  },
}

const EDITOR_LOOK: Look = { kind: 'server', name: 'text_editor_code_execution' }

const EDITOR: CodeTool = {
  name: 'text_editor_code_execution',
  definition: {
    name: 'text_editor_code_execution',
    description:
      'Views, creates and edits text files of the sandbox. view shows a file with line numbers, or lists a directory; ' +
      'create writes a whole file; str_replace replaces one exact occurrence.',
    input_schema: {
      type: 'object',
      properties: {
        command: { type: 'string', enum: ['view', 'create', 'str_replace'] },
        path: text('The path of the file or directory'),
        view_range: {
          type: 'array',
          items: { type: 'integer' },
          description: 'For view: first and last line',
        },
        file_text: text('For create: the content of the file'),
        old_str: text('For str_replace: the text to replace'),
        new_str: text('For str_replace: the new text'),
      },
      required: ['command', 'path'],
    },
  },
  async run(input, runTool) {
    const edit = EDITS[String(input['command'])]
    return edit
      ? edit(input, runTool)
      : failedOutput(EDITOR_LOOK, 'invalid_tool_input', 'command must be one of view, create, str_replace.')
  },
}

const failed = (words: string): ServedOutput => failedOutput(EDITOR_LOOK, codeOf(words), words)

const codeOf = (words: string): string =>
  /does not exist|no such file/i.test(words) ? 'file_not_found' : 'invalid_tool_input'

const EDITS: Readonly<Record<string, CodeTool['run']>> = {
  async view({ path, view_range }, runTool) {
    const [first, last] = Array.isArray(view_range) ? (view_range as readonly unknown[]) : []
    const range = {
      ...(typeof first === 'number' ? { offset: first } : {}),
      ...(typeof first === 'number' && typeof last === 'number' && last >= first
        ? { limit: last - first + 1 }
        : {}),
    }
    const read = await runTool('Read', { file_path: path, ...range })
    const { text: said, isError } = read.isError ? await listOr(read, path, runTool) : read
    if (isError) return failed(said)
    const lines = said.split('\n').length
    return {
      isError: false,
      shown: {
        type: 'text_editor_code_execution_view_result',
        file_type: 'text',
        content: said,
        num_lines: lines,
        start_line: typeof first === 'number' ? first : 1,
        total_lines: null,
      },
    }
  },
  async create({ path, file_text: content }, runTool) {
    // What is there already may only be written anew after it was read.
    const before = await runTool('Read', { file_path: path, limit: 1 })
    const { text: said, isError } = await runTool('Write', { file_path: path, content })
    if (isError) return failed(said)
    return {
      isError: false,
      shown: { type: 'text_editor_code_execution_create_result', is_file_update: !before.isError },
    }
  },
  async str_replace({ path, old_str, new_str = '' }, runTool) {
    await runTool('Read', { file_path: path, limit: 1 })
    const input = { file_path: path, old_string: old_str, new_string: new_str }
    const { text: said, isError } = await runTool('Edit', input)
    if (isError) return failed(said)
    return {
      isError: false,
      shown: {
        type: 'text_editor_code_execution_str_replace_result',
        lines: said.split('\n').slice(1),
        old_start: null,
        old_lines: null,
        new_start: null,
        new_lines: null,
      },
    }
  },
}

/** A directory is listed; the first failure is the one that is told of anything else. */
async function listOr(
  failure: Awaited<ReturnType<RunTool>>,
  path: unknown,
  runTool: RunTool,
): Promise<Awaited<ReturnType<RunTool>>> {
  const list = await runTool('LS', { path })
  return list.isError ? failure : list
}
