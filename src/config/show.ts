import { gather, type Given, type Sources } from './given.ts'
import { openFile } from './load.ts'
import { ConfigError, type Report } from './problem.ts'
import { type Setting, settingEntries, shownDefault, TABLES } from './schema.ts'
import { nameIn, placeOfSecret, referenceTo, shownName } from './secrets.ts'

/** One setting as it is in force. */
export interface ShownSetting {
  readonly name: string
  /** Its value in words; a secret's is never shown. */
  readonly value: string
  /** Where it stands; undefined for a default. */
  readonly origin: string | undefined
}

export interface ShownConfig {
  /** The file that was read, if any. */
  readonly file: string | undefined
  readonly settings: readonly ShownSetting[]
  /** The file's tables, with everything in them that may be secret hidden. */
  readonly tables: Readonly<Record<string, unknown>>
}

/** What the configuration is made from, for people to read and to send to others. */
export function showConfig(sources: Sources): ShownConfig {
  const problems: string[] = []
  const report: Report = (problem) => problems.push(problem)
  const file = openFile(sources, report)
  const given = gather(sources, file, report)
  if (problems.length > 0) throw new ConfigError(problems)
  const settings = settingEntries().map(([field, setting]): ShownSetting => {
    const found = given[field]
    if (!found) return { name: setting.name, value: shownDefault(setting), origin: undefined }
    const value = setting.secret ? HIDDEN : toText(found.value)
    return { name: setting.name, value, origin: originOf(setting, found) }
  })
  const tables = Object.entries(file?.values ?? {}).filter(([name]) => TABLES.some((table) => table === name))
  return {
    file: file?.path,
    settings,
    tables: Object.fromEntries(tables.map(([name, value]) => [name, hide(value)])),
  }
}

const originOf = ({ secret }: Setting, { value, origin }: Given): string =>
  secret ? placeOfSecret(value, origin()) : origin()

const HIDDEN = '(set, not shown)'

const toText = (value: unknown): string => (Array.isArray(value) ? value.join(',') : String(value))

/** Keys, and headers, which may hold keys. */
const SECRET_KEY = /key|token|secret|password|headers/i

/** A name in the keychain may be seen. */
const hideSecret = (text: string): string => {
  const name = nameIn(text)
  return name === undefined ? HIDDEN : referenceTo(shownName(name))
}

const hide = (value: unknown, name = ''): unknown => {
  if (typeof value === 'string') return SECRET_KEY.test(name) ? hideSecret(value) : value
  if (Array.isArray(value)) return value.map((item) => hide(item, name))
  if (typeof value !== 'object' || value === null) return value
  const inherited = SECRET_KEY.test(name) ? name : ''
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, hide(item, inherited || key)]))
}
