import type { Given } from './given.ts'
import type { Kind } from './kinds.ts'
import { quote } from './problem.ts'

/** What a given value stands for; undefined when it is not allowed. */
export function readValue<Value>(value: unknown, kind: Kind<Value>): Value | undefined {
  const text = toText(value, kind)
  return text === undefined ? undefined : kind.read(text)
}

/** What a value of the file would be in the environment; undefined for what could not stand there. */
function toText(value: unknown, { isList }: Kind<unknown>): string | undefined {
  if (typeof value === 'string') return value.trim()
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  const isTexts = isList && Array.isArray(value) && value.every((item) => typeof item === 'string')
  return isTexts ? value.join(',') : undefined
}

/** The sentence for a value that is not allowed: whose it is, from where, and what would be. Never a secret. */
export function refusal(
  name: string,
  { kind, secret }: { readonly kind: Kind<unknown>; readonly secret?: true },
  { value, origin }: Given,
): string {
  const shown = secret ? 'the value' : quote(typeof value === 'string' ? value : JSON.stringify(value))
  return `${name}: ${shown} is not allowed (from ${origin()}); allowed: ${kind.allowed}`
}
