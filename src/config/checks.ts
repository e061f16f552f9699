import { type ConfigFile, locate } from './file.ts'
import { find, type GivenSettings, type Sources } from './given.ts'
import { isLoopback } from './machine.ts'
import { didYouMean, quote, type Report } from './problem.ts'
import { fileKey, fileVariant, type Setting, SETTINGS, TABLES, UNSUPPORTED } from './schema.ts'

/** A server that others can reach must know who may use it. `hasKeys` tells of keys that are kept elsewhere. */
export function checkDoor(
  { host, serverApiKeys, adminApiKey }: GivenSettings,
  hasKeys: () => boolean,
  report: Report,
): void {
  const text = typeof host?.value === 'string' ? SETTINGS.host.kind.read(host.value.trim()) : undefined
  if (!host || !text || isLoopback(text) || serverApiKeys || adminApiKey || hasKeys()) return
  report(
    `HOST: ${quote(text)} can be reached from other machines (from ${host.origin()}), so SERVER_API_KEYS ` +
      'is needed; set it to the keys that clients must send, make keys with "keys create", or set HOST to 127.0.0.1',
  )
}

/** A key that nobody reads is a typing error: the person believes it has an effect. */
export function checkKeys(file: ConfigFile, report: Report): void {
  const settings = Object.values<Setting>(SETTINGS).filter((setting) => setting !== SETTINGS.configFile)
  const known = [...settings.flatMap(keysOf), ...TABLES]
  const expected = new Set([...known, ...UNSUPPORTED.map(fileKey)])
  for (const key of Object.keys(file.values).filter((name) => !expected.has(name))) {
    report(`${quote(key)}: unknown key (from ${locate(file, key)})${didYouMean(key, known)}`)
  }
}

const keysOf = (setting: Setting): readonly string[] =>
  setting.secret ? [fileKey(setting), fileKey(fileVariant(setting))] : [fileKey(setting)]

/** What is not supported stops the start instead of being silently without effect. Its value may hold a password. */
export function checkUnsupported(sources: Sources, file: ConfigFile | undefined, report: Report): void {
  for (const row of UNSUPPORTED) {
    const found = find(row, sources, file)
    if (found)
      report(`${row.name}: is set (from ${found.origin()}) but not supported in this version; unset it`)
  }
}
