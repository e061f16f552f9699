import { toolNames } from '../../config/kinds.ts'
import { ConfigError, didYouMean, quote } from '../../config/problem.ts'
import type { Limits } from '../../core/caller.ts'
import type { KeyChanges } from '../../keys/key.ts'
import type { Invocation } from '../command.ts'

/** One flag of `keys create` and `keys edit`. */
interface Flag {
  /** What the flag changes; undefined when its value is not allowed. */
  readonly read: (text: string, nowMs: number) => KeyChanges | undefined
  /** Completes the sentence "allowed: …". */
  readonly allowed: string
  /** What `--clear` puts in its place; what has nothing stays what it is called. */
  readonly cleared?: KeyChanges
}

const limit = (field: keyof Limits, allowed: string, isGood: (value: number) => boolean): Flag => ({
  read: (text) => (isGood(Number(text)) ? { limits: { [field]: Number(text) } } : undefined),
  allowed,
  cleared: { limits: { [field]: undefined } },
})

const count = (field: keyof Limits): Flag =>
  limit(field, 'a whole number, 1 or more', (value) => value > 0 && Number.isSafeInteger(value))

const money = (field: keyof Limits): Flag =>
  limit(field, 'US dollars, more than 0', (value) => value > 0 && value < Infinity)

const FLAGS: Readonly<Record<string, Flag>> = {
  name: {
    read: (text) => (text.trim() === '' ? undefined : { name: text.trim() }),
    allowed: 'a text that is not empty',
  },
  expires: {
    read: readExpiry,
    allowed: 'a date to come, or a time such as 30m, 12h, 90d',
    cleared: { expiresAtMs: undefined },
  },
  models: {
    read: (text) => ({ models: text.split(',').flatMap((pattern) => pattern.trim() || []) }),
    allowed: 'names of models, or patterns with *, separated by commas',
    cleared: { models: undefined },
  },
  'no-tools': { read: () => ({ allowsTools: false }), allowed: 'no value', cleared: { allowsTools: true } },
  'server-tools': {
    read(text) {
      const serverTools = toolNames.read(text)
      return serverTools && { serverTools }
    },
    allowed: toolNames.allowed,
    cleared: { serverTools: [] },
  },
  'requests-per-minute': count('requestsPerMinute'),
  'input-tokens-per-minute': count('inputTokensPerMinute'),
  'output-tokens-per-minute': count('outputTokensPerMinute'),
  'concurrent-requests': count('concurrentRequests'),
  'daily-budget': money('dailyBudgetUsd'),
  'monthly-budget': money('monthlyBudgetUsd'),
}

const CLEARABLE = Object.keys(FLAGS).filter((name) => FLAGS[name]?.cleared)

/**
 * What the flags say of a key; `--clear` names flags whose effect is taken away. Throws a `ConfigError` that tells
 * every fault.
 */
export function readChanges(options: Invocation['options'], nowMs: number): KeyChanges {
  const given = Object.entries(FLAGS).flatMap(([name, flag]) => {
    const value = options[name]
    return value === undefined ? [] : { name, flag, text: value === true ? '' : value }
  })
  const cleared = namesToClear(options)
  const wrong = given.flatMap(({ name, flag, text }) =>
    flag.read(text, nowMs) ? [] : `--${name}: ${quote(text)} is not allowed; allowed: ${flag.allowed}`,
  )
  const faults = cleared.flatMap((name) => faultOfClearing(name, options) ?? [])
  if (wrong.length + faults.length > 0) throw new ConfigError([...wrong, ...faults])
  return [
    ...given.map(({ flag, text }) => flag.read(text, nowMs)),
    ...cleared.map((name) => FLAGS[name]?.cleared),
  ].reduce<KeyChanges>(join, {})
}

const namesToClear = ({ clear }: Invocation['options']): readonly string[] =>
  typeof clear === 'string' ? clear.split(',').flatMap((name) => name.trim().replace(/^--/, '') || []) : []

function faultOfClearing(name: string, options: Invocation['options']): string | undefined {
  if (!CLEARABLE.includes(name))
    return `--clear: ${quote(name)} is not allowed; allowed: ${CLEARABLE.join(', ')}${didYouMean(name, CLEARABLE)}`
  return options[name] === undefined ? undefined : `--clear: --${name} is given too; leave one of them out`
}

const join = (changes: KeyChanges, more: KeyChanges = {}): KeyChanges => ({
  ...changes,
  ...more,
  ...(changes.limits && more.limits ? { limits: { ...changes.limits, ...more.limits } } : {}),
})

const UNITS_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 }

function readExpiry(text: string, nowMs: number): KeyChanges | undefined {
  const [, length, unit = ''] = /^(\d+)([mhd])$/.exec(text) ?? []
  const expiresAtMs = length === undefined ? Date.parse(text) : nowMs + Number(length) * (UNITS_MS[unit] ?? 0)
  return expiresAtMs > nowMs ? { expiresAtMs } : undefined
}
