import { type ConfigFile, locate } from './file.ts'
import type { Machine } from './machine.ts'
import { fileKey, flagName, type Names, type SettingField, settingEntries } from './schema.ts'

/** Everything the configuration is made from. */
export interface Sources extends Machine {
  /** What the command line says, by the variable it stands for, e.g. `{ PORT: '4000' }` for `--port 4000`. */
  readonly flags: Readonly<Record<string, string | undefined>>
}

/** A value that somebody gave. */
export interface Given {
  readonly value: unknown
  /** Where it stands, in words: a flag, the environment, or a line of the file. */
  readonly origin: () => string
}

export type GivenSettings = Readonly<Partial<Record<SettingField, Given>>>

/** For each setting that anybody gave, the value of the strongest source. An empty value counts as not given. */
export function gather(sources: Sources, file: ConfigFile | undefined): GivenSettings {
  const entries = settingEntries().flatMap(([field, setting]) => {
    const found = find(setting, sources, file)
    return found ? [[field, found] as const] : []
  })
  return Object.fromEntries(entries)
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
