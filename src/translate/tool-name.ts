import { fnv1aHex } from './hash.ts'

/** Anthropic allows 128 characters in a tool's name, chat completions 64 of `[a-zA-Z0-9_-]`. */
const LEGAL = /^[a-zA-Z0-9_-]{1,64}$/
const KEPT_CHARS = 55

/** The name a tool has upstream: its own, or a shortened one that is the same on every turn. */
export const toUpstreamToolName = (name: string): string =>
  LEGAL.test(name)
    ? name
    : `${name.replaceAll(/[^a-zA-Z0-9_-]/g, '_').slice(0, KEPT_CHARS)}_${fnv1aHex(name)}`
