import { stringify } from 'smol-toml'

import { ConfigError, quote } from '../config/problem.ts'
import { showConfig } from '../config/show.ts'
import { CommandFailure, type Invocation } from './command.ts'
import { importRouterConfig } from './config/router-config.ts'
import { writeNewConfig } from './config/write.ts'
import { renderTable } from './text-table.ts'

/** Shows what is in force, or makes a file from another program's. */
export async function runConfig(invocation: Invocation): Promise<number> {
  const [action = 'show', ...words] = invocation.words
  if (action === 'show') return show(invocation)
  if (action === 'import') return importFile(words, invocation)
  throw new ConfigError([`${quote(action)}: unknown; allowed: show, import`])
}

async function show({ sources, options, load, say }: Invocation): Promise<number> {
  // Complains of everything that is wrong.
  await load()
  const { file, settings, tables } = showConfig(sources)
  if (options['json']) {
    say(`${JSON.stringify({ file: file ?? null, settings, tables })}\n`)
    return 0
  }
  const rows = settings.map(({ name, value, origin }) => [name, value, origin ?? 'default'])
  say(renderTable(['SETTING', 'VALUE', 'FROM'], rows))
  if (Object.keys(tables).length > 0) say(`\n${stringify(tables)}`)
  say(`\nfile: ${file ?? 'none'}\n`)
  return 0
}

const ROUTER_FILE = '.claude-code-router/config.json'

function importFile([given, ...others]: readonly string[], invocation: Invocation): number {
  const { sources, options, say, complain } = invocation
  if (others.length > 0) throw new ConfigError([`${quote(others[0] ?? '')}: one file is enough`])
  const path = given ?? `${sources.home}/${ROUTER_FILE}`
  const text = sources.readTextFile(path)
  if (text === undefined) throw new CommandFailure(`${path}: there is no such file; name the one to import`)
  const { toml, notes } = importRouterConfig(text, path)
  for (const note of notes) complain(`note: ${note}\n`)
  if (!options['write']) {
    say(toml)
    return 0
  }
  say(`written: ${writeNewConfig(toml, sources)}\n`)
  return 0
}
