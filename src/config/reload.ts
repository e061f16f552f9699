import type { Clock } from '../core/clock.ts'
import type { Logger } from '../core/context.ts'
import { isLoopback, type Machine } from './machine.ts'
import { ConfigError } from './problem.ts'
import { type Config, type Setting, type SettingField, settingEntries } from './schema.ts'
import { listenForHangUp, type Stop, watchFile } from './watch.ts'

export interface ReloadOptions {
  /** The configuration that the server was started with. */
  readonly started: Config
  /** Makes the configuration again. Throws a `ConfigError` for what is wrong with it. */
  readonly load: () => Promise<Config>
  /** Puts a new configuration to use, whole or not at all. Never called with one that has a problem. */
  readonly apply: (config: Config) => void
  readonly readTextFile: Machine['readTextFile']
  readonly clock: Clock
  readonly log: Logger
  /** The two occasions, replaceable for tests. */
  readonly watchFile?: typeof watchFile
  readonly listenForHangUp?: (onSignal: () => void) => Stop
}

/**
 * Reads the configuration again when its file has changed, and at SIGHUP. What has a problem is logged and not used.
 * Settings that need a restart stay what they were. Ends when the returned function is called.
 */
export function keepReloading(options: ReloadOptions): Stop {
  let current = options.started
  let followed: Followed | undefined
  let isStopped = false
  const reload = inTurn(async () => {
    const next = await reloadOnce(current, options, () => isStopped)
    if (isStopped) return
    current = next ?? current
    follow()
  })
  // A file may be there at a later time only.
  const follow = (): void => {
    if (current.configFile !== undefined) followed ??= followFile(current.configFile, reload, options)
  }
  follow()
  const stopListening = (options.listenForHangUp ?? listenForHangUp)(() => {
    if (followed) followed.read()
    else reload()
  })
  return () => {
    isStopped = true
    stopListening()
    followed?.stop()
  }
}

/** Runs one at a time. What is asked for in the meantime is done once more, after it. */
function inTurn(run: () => Promise<void>): () => void {
  let isRunning = false
  let isWanted = false
  const runWanted = async (): Promise<void> => {
    isRunning = true
    while (isWanted) {
      isWanted = false
      await run()
    }
    isRunning = false
  }
  return () => {
    isWanted = true
    if (!isRunning) void runWanted()
  }
}

/** A file whose changes are noticed. */
interface Followed {
  /** Takes the file as it is, changed or not. */
  read(): void
  stop(): void
}

/** How long the file has to be left alone before it is read: programs write in several steps. */
const QUIET_MS = 200

/** Calls `reload` when the file says something else than before. One that is gone is only logged. */
function followFile(path: string, reload: () => void, options: ReloadOptions): Followed {
  const { clock, log } = options
  let text = readQuietly(path, options)
  let touchedAtMs = 0
  let stopWaiting: Stop | undefined
  let stopWatching = tryToWatch(path, touch, options)

  function touch(): void {
    touchedAtMs = clock.now()
    stopWaiting ??= clock.watch(settle)
  }
  function settle(nowMs: number): void {
    if (nowMs - touchedAtMs < QUIET_MS) return
    stopWaiting?.()
    stopWaiting = undefined
    // Afresh, as a link may lead somewhere else by now; and before the file is read, so that no change is missed.
    stopWatching?.()
    stopWatching = tryToWatch(path, touch, options)
    if (readQuietly(path, options) !== text) read()
  }
  function read(): void {
    text = readQuietly(path, options)
    if (text === undefined) log.warn('config-missing', { file: path })
    else reload()
  }
  return {
    read,
    stop() {
      stopWatching?.()
      stopWaiting?.()
    },
  }
}

/** The new configuration when it is put to use, else undefined. */
async function reloadOnce(
  current: Config,
  { load, apply, log }: ReloadOptions,
  isStopped: () => boolean,
): Promise<Config | undefined> {
  try {
    const loaded = await load()
    if (isStopped()) return undefined
    const next = withoutRestart(current, loaded)
    warnOfRestart(current, loaded, log)
    const changed = changedNames(current, next)
    if (changed.length > 0) apply(next)
    log.info('config-reloaded', { file: next.configFile, changed })
    return next
  } catch (error) {
    const problems = error instanceof ConfigError ? error.problems : [String(error)]
    log.error('config-refused', { problems })
    return undefined
  }
}

const RESTART_FIELDS: readonly (keyof Config)[] = [
  ...settingEntries().flatMap(([field, { restart }]) => (restart ? field : [])),
  'mcpServers',
]

/** The new configuration, with everything that only a restart can change as it was. */
function withoutRestart(current: Config, loaded: Config): Config {
  const kept = Object.fromEntries(RESTART_FIELDS.map((field) => [field, current[field]]))
  const next: Config = Object.freeze({ ...loaded, ...kept })
  const problems = CHANGES_TO_REFUSE.flatMap((refuse) => refuse(current, next) ?? [])
  if (problems.length > 0) throw new ConfigError(problems)
  return next
}

/** What would be right at a start and is not in between. */
const CHANGES_TO_REFUSE: ReadonlyArray<(current: Config, next: Config) => string | undefined> = [
  // What was checked when it was loaded is the new host; the server still listens on the old one.
  (_, { host, serverApiKeys, adminApiKey }) =>
    isLoopback(host) || serverApiKeys.length > 0 || adminApiKey !== undefined
      ? undefined
      : `SERVER_API_KEYS: is needed until the restart, as the server still listens on ${host}`,
  // More likely a file that is being written than a wish.
  (current, next) =>
    next.demo && !current.demo
      ? 'OPENROUTER_API_KEY: nothing names an upstream any more; only a restart turns the demo on'
      : undefined,
]

function warnOfRestart(current: Config, loaded: Config, log: Logger): void {
  const settings = RESTART_FIELDS.filter((field) => differs(current, loaded, field)).map(nameOf)
  if (settings.length > 0) log.warn('config-needs-restart', { settings })
}

/** The settings and tables that are not what they were. */
const changedNames = (before: Config, after: Config): readonly string[] =>
  (Object.keys(after) as (keyof Config)[]).filter((field) => differs(before, after, field)).map(nameOf)

const differs = (before: Config, after: Config, field: keyof Config): boolean =>
  JSON.stringify(before[field]) !== JSON.stringify(after[field])

const NAMES: ReadonlyMap<string, Setting['name']> = new Map(
  settingEntries().map(([field, { name }]) => [field, name]),
)

const nameOf = (field: SettingField | keyof Config): string => NAMES.get(field) ?? field

function tryToWatch(path: string, onTouch: () => void, options: ReloadOptions): Stop | undefined {
  try {
    return (options.watchFile ?? watchFile)(path, onTouch)
  } catch (error) {
    options.log.warn('config-not-watched', { file: path, error: String(error) })
    return undefined
  }
}

/** The file's text; undefined while there is none, or none that can be read. */
function readQuietly(path: string, { readTextFile }: ReloadOptions): string | undefined {
  try {
    return readTextFile(path)
  } catch {
    return undefined
  }
}
