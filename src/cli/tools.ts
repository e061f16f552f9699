import { createClock } from '../clock.ts'
import { createLog } from '../observability/log.ts'
import { createTools } from '../services.ts'
import { ToolFailure } from '../tools/failure.ts'
import type { ToolHelpers } from '../tools/helpers.ts'
import type { Toolbox } from '../tools/toolbox.ts'
import { CommandFailure, type Invocation } from './command.ts'
import { renderTable } from './text-table.ts'

/** Lists the tools, or runs one as a model would, so that an operator can see what the settings allow. */
export async function runTools({ load, words, say, complain }: Invocation): Promise<number> {
  const config = await load()
  const clock = createClock()
  const log = createLog({ level: config.logLevel, write: complain, now: () => clock.now() })
  const tools = createTools({ ...config, toolExecutionEnabled: true }, clock, log)
  if (!tools) throw new CommandFailure('there are no tools')
  try {
    const [action = 'list', name, input = '{}'] = words
    if (action === 'list') return list(tools, say)
    if (action !== 'run' || name === undefined)
      throw new CommandFailure('say what to do: tools list, or tools run NAME JSON')
    const { content, isError } = await tools.run(name, parse(input), {
      conversation: 'command line',
      owner: 'operator',
      signal: new AbortController().signal,
      log,
      helpers: NO_HELPERS,
    })
    say(`${typeof content === 'string' ? content : JSON.stringify(content)}\n`)
    return isError ? 1 : 0
  } finally {
    tools.close()
    log.flush()
  }
}

const noAnswer = async (): Promise<never> => {
  throw new ToolFailure(
    'refused',
    'This tool needs a request to a model, so it cannot be run from the command line.',
  )
}

const NO_HELPERS: ToolHelpers = { searchWeb: noAnswer, fetchPage: noAnswer, runAgent: noAnswer }

function list(toolbox: Toolbox, say: (text: string) => void): number {
  const rows = toolbox.tools.map(({ name, perMinute, risk }) => [name, String(perMinute), risk])
  say(renderTable(['tool', 'a minute', 'risk'], rows))
  say(`\nSandbox for commands: ${toolbox.sandbox}\n`)
  return 0
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new CommandFailure(`the input is not JSON: ${String(error)}`)
  }
}
