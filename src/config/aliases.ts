import { type ConfigFile, locate } from './file.ts'
import { modelId } from './kinds.ts'
import { quote } from './problem.ts'
import { isTable } from './table.ts'

type Aliases = Readonly<Record<string, string>>

/** No alias at all; like every table of aliases without prototype, as a client may ask for a model `constructor`. */
export const NO_ALIASES: Aliases = Object.freeze(Object.create(null))

/**
 * The file's `[aliases]`: a model name, or a pattern with `*`, and the model that answers for it. What is wrong is
 * reported and left out.
 */
export function readAliases(file: ConfigFile, report: (problem: string) => void): Aliases {
  const aliases: Record<string, string> = Object.create(null)
  const table = file.values['aliases'] ?? {}
  if (!isTable(table)) report(`aliases: must be a table, [aliases] (from ${locate(file, 'aliases')})`)
  for (const [name, target] of isTable(table) ? Object.entries(table) : []) {
    const fault = faultOf(name, target)
    if (fault) report(`aliases: ${quote(name)} ${fault} (from ${locate(file, 'aliases', name)})`)
    else aliases[name] = String(target)
  }
  return Object.freeze(aliases)
}

/** What is wrong with an alias, if anything. */
function faultOf(name: string, target: unknown): string | undefined {
  if (name.trim() === '') return 'is no name'
  if (isTable(target)) return 'is a table; a name with a dot needs quotes, as in "gpt-4.1" = "openai/gpt-4.1"'
  if (typeof target !== 'string' || modelId.read(target) === undefined) return `needs ${modelId.allowed}`
  return target === name ? 'points at itself' : undefined
}
