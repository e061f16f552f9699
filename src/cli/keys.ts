import { createClock } from '../clock.ts'
import { ConfigError, didYouMean, quote } from '../config/problem.ts'
import { type KeyChanges, type ManagedKey, newTerms, revise } from '../keys/key.ts'
import { openKeys } from '../keys/open.ts'
import type { KeyStore } from '../keys/store.ts'
import { toApiKey } from '../keys/wire.ts'
import { createLog } from '../observability/log.ts'
import type { Invocation } from './command.ts'
import { readChanges } from './keys/changes.ts'

type Options = Invocation['options']

const ACTIONS = ['create', 'list', 'edit', 'revoke'] as const

/** Makes, lists, changes or ends client keys in the data folder; running servers notice by themselves. */
export async function manageKeys({ words, options, load, say }: Invocation): Promise<number> {
  // Keys can be made before the server may start: beyond the loopback, it wants some.
  const config = await load({ hasKeys: () => true })
  const clock = createClock()
  const log = createLog({ level: 'silent', write: () => {}, now: () => clock.now() })
  const store = openKeys(config.dataDir, clock, log)
  try {
    const { text, value } = act(words, options, store, clock.now())
    say(options['json'] ? `${JSON.stringify(value)}\n` : text)
    return 0
  } finally {
    store.close()
  }
}

/** What to print: for people, and for programs. */
interface Outcome {
  readonly text: string
  readonly value: object
}

function act(
  [action = '', id]: readonly string[],
  options: Options,
  store: KeyStore,
  nowMs: number,
): Outcome {
  switch (action) {
    case 'create': {
      const { key, record } = create(options, store, nowMs)
      const text = `${key}\n\n${describe(record, nowMs)}\nThe key is shown this once.\n`
      return { text, value: { ...toApiKey(record, nowMs), key } }
    }
    case 'list':
      return { text: listText(store, nowMs), value: store.list().map((key) => toApiKey(key, nowMs)) }
    case 'edit': {
      const edited = edit(id, options, store, nowMs)
      return { text: `${describe(edited, nowMs)}\n`, value: toApiKey(edited, nowMs) }
    }
    case 'revoke': {
      const revoked = revoke(id, store)
      return { text: `${describe(revoked, nowMs)}\n`, value: toApiKey(revoked, nowMs) }
    }
    default:
      throw new ConfigError([
        action === ''
          ? `keys: needs one of ${ACTIONS.join(', ')}`
          : `keys: ${quote(action)}: unknown${didYouMean(action, ACTIONS)}`,
      ])
  }
}

function create(options: Options, store: KeyStore, nowMs: number): ReturnType<KeyStore['create']> {
  if (options['clear'] !== undefined) throw new ConfigError(['--clear: a new key has nothing to take away'])
  const { name, ...changes } = readChanges(options, nowMs)
  if (name === undefined) throw new ConfigError(['--name: is needed'])
  return store.create(revise(newTerms(name), changes))
}

function edit(id: string | undefined, options: Options, store: KeyStore, nowMs: number): ManagedKey {
  const edited = known('edit', id, (mark) => store.edit(mark, neededChanges(options, nowMs)))
  if (edited.revokedAtMs === undefined) return edited
  throw new ConfigError([`keys edit: the key ${edited.id} was revoked, and stays as it is`])
}

function neededChanges(options: Options, nowMs: number): KeyChanges {
  const changes = readChanges(options, nowMs)
  if (Object.keys(changes).length > 0) return changes
  throw new ConfigError(['keys edit: needs a flag that says what to change, such as --models or --clear'])
}

const revoke = (id: string | undefined, store: KeyStore): ManagedKey =>
  known('revoke', id, (mark) => store.revoke(mark))

/** What is done to the key of that id, which there must be. */
function known(
  action: (typeof ACTIONS)[number],
  id: string | undefined,
  run: (id: string) => ManagedKey | undefined,
): ManagedKey {
  if (id === undefined)
    throw new ConfigError([`keys ${action}: needs the id of a key; "keys list" shows them`])
  const key = run(id)
  if (!key) throw new ConfigError([`keys ${action}: there is no key ${quote(id)}; "keys list" shows them`])
  return key
}

const listText = (store: KeyStore, nowMs: number): string =>
  store
    .list()
    .map((key) => `${describe(key, nowMs)}\n`)
    .join('') || 'There is no key; "keys create --name NAME" makes one.\n'

function describe(key: ManagedKey, nowMs: number): string {
  const { id, name, status, expires_at, models, tools, server_tools, limits } = toApiKey(key, nowMs)
  const details = [
    ...(expires_at === null ? [] : [`expires ${expires_at}`]),
    ...(models === null ? [] : [`models ${models.join(',')}`]),
    ...(tools ? [] : ['no tools']),
    ...(server_tools.length === 0 ? [] : [`server tools ${server_tools.join(',')}`]),
    ...Object.entries(limits).flatMap(([limit, value]) =>
      value === null ? [] : `${limit} ${String(value)}`,
    ),
  ]
  return [id, status.padEnd(7), name, ...details].join('  ')
}
