import { createClock } from '../clock.ts'
import { toolNames } from '../config/kinds.ts'
import { ConfigError, didYouMean, quote, type Report } from '../config/problem.ts'
import type { Limits } from '../core/caller.ts'
import type { KeyTerms, ManagedKey } from '../keys/key.ts'
import { openKeys } from '../keys/open.ts'
import type { KeyStore } from '../keys/store.ts'
import { toApiKey } from '../keys/wire.ts'
import { createLog } from '../observability/log.ts'
import type { Invocation } from './command.ts'

type Options = Invocation['options']

const ACTIONS = ['create', 'list', 'revoke'] as const

/** Makes, lists or ends client keys in the data folder; running servers notice by themselves. */
export async function manageKeys({ words, options, load, say }: Invocation): Promise<number> {
  // Keys can be made before the server may start: beyond the loopback, it wants some.
  const config = load({ hasKeys: () => true })
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
      const { key, record } = store.create(readTerms(options, nowMs))
      const text = `${key}\n\n${describe(record, nowMs)}\nThe key is shown this once.\n`
      return { text, value: { ...toApiKey(record, nowMs), key } }
    }
    case 'list':
      return { text: listText(store, nowMs), value: store.list().map((key) => toApiKey(key, nowMs)) }
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

function revoke(id: string | undefined, store: KeyStore): ManagedKey {
  if (id === undefined) throw new ConfigError(['keys revoke: needs the id of a key; "keys list" shows them'])
  const revoked = store.revoke(id)
  if (!revoked) throw new ConfigError([`keys revoke: there is no key ${quote(id)}; "keys list" shows them`])
  return revoked
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

/** What the flags say of a new key; every fault is told at once. */
function readTerms(options: Options, nowMs: number): KeyTerms {
  const problems: string[] = []
  const report: Report = (problem) => problems.push(problem)
  const text = (flag: string): string | undefined => {
    const value = options[flag]
    return typeof value === 'string' ? value : undefined
  }
  const name = text('name')?.trim() ?? ''
  const expires = text('expires')
  if (name === '') report('--name: is needed')
  const terms: KeyTerms = {
    name,
    expiresAtMs: expires === undefined ? undefined : readExpiry(expires, nowMs, report),
    models: text('models')
      ?.split(',')
      .flatMap((pattern) => pattern.trim() || []),
    allowsTools: options['no-tools'] === undefined,
    serverTools: readTools(text('server-tools'), report),
    limits: readLimits(options, report),
  }
  if (problems.length > 0) throw new ConfigError(problems)
  return terms
}

function readTools(text: string | undefined, report: Report): readonly string[] {
  if (text === undefined) return []
  const tools = toolNames.read(text)
  if (tools) return tools
  report(`--server-tools: ${quote(text)} is not allowed; allowed: ${toolNames.allowed}`)
  return []
}

const UNITS_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 }

function readExpiry(text: string, nowMs: number, report: Report): number | undefined {
  const [, count, unit = ''] = /^(\d+)([mhd])$/.exec(text) ?? []
  const atMs = count === undefined ? Date.parse(text) : nowMs + Number(count) * (UNITS_MS[unit] ?? 0)
  if (atMs > nowMs) return atMs
  report(`--expires: ${quote(text)} is not allowed; allowed: a date to come, or a time such as 30m, 12h, 90d`)
  return undefined
}

const LIMIT_FLAGS = {
  'requests-per-minute': 'requestsPerMinute',
  'input-tokens-per-minute': 'inputTokensPerMinute',
  'output-tokens-per-minute': 'outputTokensPerMinute',
  'concurrent-requests': 'concurrentRequests',
  'daily-budget': 'dailyBudgetUsd',
  'monthly-budget': 'monthlyBudgetUsd',
} as const satisfies Readonly<Record<string, keyof Limits>>

function readLimits(options: Options, report: Report): Limits {
  const limits: { -readonly [Name in keyof Limits]: number } = {}
  for (const [flag, field] of Object.entries(LIMIT_FLAGS)) {
    const text = options[flag]
    if (typeof text !== 'string') continue
    const isMoney = flag.endsWith('budget')
    const value = Number(text)
    if (value > 0 && (isMoney || Number.isSafeInteger(value))) limits[field] = value
    else
      report(
        `--${flag}: ${quote(text)} is not allowed; allowed: ${isMoney ? 'US dollars, more than 0' : 'a whole number, 1 or more'}`,
      )
  }
  return limits
}
