import { type ConfigFile, locate } from './file.ts'
import type { Machine } from './machine.ts'
import { quote, type Report } from './problem.ts'
import {
  fileKey,
  fileVariant,
  flagName,
  type Names,
  type Setting,
  type SettingField,
  settingEntries,
} from './schema.ts'
import { secretFromText, type Secrets } from './secrets.ts'

/** Everything the configuration is made from. */
export interface Sources extends Machine {
  /** What the command line says, by the variable it stands for, e.g. `{ PORT: '4000' }` for `--port 4000`. */
  readonly flags: Readonly<Record<string, string | undefined>>
  /** What the keychain said of the names that stand in these sources; undefined before it was asked. */
  readonly secrets?: Secrets
}

/** A value that somebody gave. */
export interface Given {
  readonly value: unknown
  /** Where it stands, in words: a flag, the environment, or a line of the file. */
  readonly origin: () => string
}

export type GivenSettings = Readonly<Partial<Record<SettingField, Given>>>

/** For each setting that anybody gave, the value of the strongest source. An empty value counts as not given. */
export function gather(sources: Sources, file: ConfigFile | undefined, report: Report): GivenSettings {
  const entries = settingEntries().flatMap(([field, setting]) => {
    const found = find(setting, sources, file) ?? findInFile(setting, sources, file, report)
    return found ? [[field, found] as const] : []
  })
  return Object.fromEntries(entries)
}

/** A secret that a file of its own holds, as container platforms hand them over; lines separate several. */
function findInFile(
  setting: Setting,
  sources: Sources,
  file: ConfigFile | undefined,
  report: Report,
): Given | undefined {
  if (!setting.secret) return undefined
  const { name } = fileVariant(setting)
  const named = find({ name }, { ...sources, flags: {} }, file)
  if (!named) return undefined
  const path = String(named.value).trim()
  const text = readSecret(path, sources)
  if (text === undefined || text === '') {
    const fault = text === undefined ? 'cannot be read' : 'is empty'
    report(`${name}: ${quote(path)} ${fault} (from ${named.origin()})`)
    return undefined
  }
  return { value: secretFromText(text), origin: () => `${name}, from ${named.origin()}` }
}

function readSecret(path: string, { readTextFile }: Sources): string | undefined {
  try {
    return readTextFile(path)?.trim()
  } catch {
    return undefined
  }
}

/** The strongest source's value for anything that has a variable's name. */
export function find(row: Names, { flags, env }: Sources, file: ConfigFile | undefined): Given | undefined {
  const candidates: readonly Given[] = [
    { value: flags[row.name], origin: () => `--${flagName(row)}` },
    { value: env[row.name], origin: () => 'the environment' },
    ...(file ? [{ value: file.values[fileKey(row)], origin: () => locate(file, fileKey(row)) }] : []),
  ]
  return candidates.find(({ value }) => isGiven(value))
}

/** Whether a value says anything: an empty text does not. */
export const isGiven = (value: unknown): boolean =>
  typeof value === 'string' ? value.trim() !== '' : value !== undefined
