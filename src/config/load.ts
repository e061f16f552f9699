import { NO_ALIASES, readAliases } from './aliases.ts'
import { checkDoor, checkKeys, checkUnsupported } from './checks.ts'
import { type ConfigFile, readConfigFile } from './file.ts'
import { find, gather, type Given, type GivenSettings, type Sources } from './given.ts'
import { userConfigFile, userFolder } from './machine.ts'
import { ConfigError, quote, type Report } from './problem.ts'
import { type Config, type Facts, type Setting, settingEntries, SETTINGS } from './schema.ts'

/**
 * Makes the configuration: command line before environment before file before default.
 * Throws a `ConfigError` with all problems; a wrong value that a stronger source overrides is none.
 */
export function loadConfig(sources: Sources): Config {
  const problems: string[] = []
  const report: Report = (problem) => problems.push(problem)
  const file = openFile(sources, report)
  const given = gather(sources, file)
  // What a broken file would have said is unknown, and nothing may be called missing because of it.
  if (problems.length === 0) checkDoor(given, report)
  const values = readValues(given, report)
  const facts = { host: values.host ?? SETTINGS.host.default, dataFolder: userFolder('data', sources) }
  const defaults = makeDefaults(given, facts, report)
  const aliases = file ? readAliases(file, report) : NO_ALIASES
  if (file) checkKeys(file, report)
  checkUnsupported(sources, file, report)
  if (problems.length > 0) throw new ConfigError(problems)
  const demo = given.openrouterApiKey === undefined && given.openrouterBaseUrl === undefined
  // Without a problem, every field of SETTINGS has come from its own kind or its own default.
  return Object.freeze({ ...defaults, ...values, configFile: file?.path, aliases, demo } as Config)
}

/** The file that is named, which must exist, or else the user's own, which need not. */
function openFile(sources: Sources, report: Report): ConfigFile | undefined {
  const named = find(SETTINGS.configFile, sources, undefined)
  const path = named ? SETTINGS.configFile.kind.read(String(named.value).trim()) : userConfigFile(sources)
  if (path === undefined) return undefined
  try {
    const file = readConfigFile(path, sources.readTextFile)
    if (named && !file) report(`CONFIG_FILE: ${quote(path)} does not exist (from ${named.origin()})`)
    return file
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    error.problems.forEach(report)
    return undefined
  }
}

function readValues(given: GivenSettings, report: Report): Partial<Config> {
  const values: Record<string, unknown> = {}
  for (const [field, setting] of settingEntries()) {
    const found = given[field]
    if (found === undefined) continue
    const text = toText(found.value, setting)
    const value = text === undefined ? undefined : setting.kind.read(text)
    if (value === undefined) report(wrongValue(setting, found))
    else values[field] = value
  }
  return values
}

/** What a value of the file would be in the environment; undefined for what could not stand there. */
function toText(value: unknown, { kind }: Setting): string | undefined {
  if (typeof value === 'string') return value.trim()
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  const isList = kind.isList && Array.isArray(value) && value.every((item) => typeof item === 'string')
  return isList ? value.join(',') : undefined
}

function wrongValue({ name, kind, secret }: Setting, { value, origin }: Given): string {
  const shown = secret ? 'the value' : quote(typeof value === 'string' ? value : JSON.stringify(value))
  return `${name}: ${shown} is not allowed (from ${origin()}); allowed: ${kind.allowed}`
}

function makeDefaults(given: GivenSettings, facts: Facts, report: Report): Partial<Config> {
  const values: Record<string, unknown> = {}
  for (const [field, setting] of settingEntries()) {
    const source = setting.default
    if (given[field] !== undefined) continue
    if (typeof source === 'string') values[field] = setting.kind.read(source)
    else if ('from' in source) values[field] = source.from(facts) ?? report(noDefault(setting))
  }
  return values
}

const noDefault = ({ name, kind }: Setting): string =>
  `${name}: has no default, as there is no home folder; give ${kind.allowed}`
