import type { Given } from './given.ts'
import type { Kind } from './kinds.ts'
import { quote, type Report } from './problem.ts'
import { placeOfSecret, reveal, type Secrets } from './secrets.ts'

/** What a given value stands for; undefined when it is not allowed. */
export function readValue<Value>(value: unknown, kind: Kind<Value>): Value | undefined {
  const text = toText(value, kind)
  return text === undefined ? undefined : kind.read(text)
}

/** Whose value is read: a setting, or a key of a table. */
interface Place<Value> {
  /** What it is called where something is wrong with it. */
  readonly label: string
  readonly kind: Kind<Value>
  /** Its value is never shown, and may stand in the keychain. */
  readonly secret?: true
  /** Where else a secret may stand, in words. */
  readonly otherwise?: string
}

/** What a given value stands for, the keychain included; what is wrong is reported, and undefined. */
export function readGiven<Value>(
  place: Place<Value>,
  given: Given,
  secrets: Secrets | undefined,
  report: Report,
): Value | undefined {
  if (!place.secret) return readAs(place, given.value, given, report)
  const text = toText(given.value, place.kind)
  const kept = reveal(text ?? '', place.kind.isList === true, secrets)
  if (!('fault' in kept)) return readAs(place, text && kept.secret, given, report)
  const words = [`${place.label}: ${kept.fault} (from ${given.origin()})`, kept.advice, place.otherwise]
  report(words.filter((part) => part !== undefined).join('; '))
  return undefined
}

function readAs<Value>(place: Place<Value>, value: unknown, given: Given, report: Report): Value | undefined {
  const found = readValue(value, place.kind)
  if (found === undefined) report(refusal(place, given))
  return found
}

/** What a value of the file would be in the environment; undefined for what could not stand there. */
function toText(value: unknown, { isList }: Kind<unknown>): string | undefined {
  if (typeof value === 'string') return value.trim()
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  const isTexts = isList && Array.isArray(value) && value.every((item) => typeof item === 'string')
  return isTexts ? value.join(',') : undefined
}

/** The sentence for a value that is not allowed: whose it is, from where, and what would be. Never a secret. */
function refusal({ label, kind, secret }: Place<unknown>, { value, origin }: Given): string {
  const shown = secret ? 'the value' : quote(typeof value === 'string' ? value : JSON.stringify(value))
  const place = secret ? placeOfSecret(value, origin()) : origin()
  return `${label}: ${shown} is not allowed (from ${place}); allowed: ${kind.allowed}`
}
