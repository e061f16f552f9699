import { isIPv6 } from 'node:net'

/** What a setting accepts, and how its text becomes a value. */
export interface Kind<Value> {
  /** The value that a trimmed, non-empty text stands for; undefined when it stands for none. */
  readonly read: (text: string) => Value | undefined
  /** Completes the sentence "allowed: …". */
  readonly allowed: string
  /** Stands for the value in `--help`; a kind without one is a switch, `--name` and `--no-name`. */
  readonly placeholder?: string
  /** Whether the configuration file may give an array of strings. */
  readonly isList?: true
}

const DECIMAL = /^(?:\d+\.?\d*|\.\d+)$/
const WHOLE = /^\d+$/
const VISIBLE_ASCII = /^[\x21-\x7e]+$/
const ORIGIN = /^(?:\*|[a-z][a-z0-9+.-]*:\/\/[^\s/?#@*]+)$/
const HOST_NAME = /^[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?$/i
// oxlint-disable-next-line no-control-regex
const CONTROL_CHARACTER = /[\x00-\x1f\x7f]/
const SECONDS_A_DAY = 86_400
const BYTES_A_MEGABYTE = 1_048_576

const inRange = (value: number, least: number, most: number): number | undefined =>
  value >= least && value <= most ? value : undefined

/** Reads a decimal number of some unit as a whole number of a smaller one, e.g. seconds as milliseconds. */
const scaled = (text: string, factor: number, least: number, most: number): number | undefined =>
  inRange(DECIMAL.test(text) ? Math.round(Number(text) * factor) : NaN, least, most)

const secondsOf = (leastMs: number, from: string): Kind<number> => ({
  read: (text) => scaled(text, 1000, leastMs, SECONDS_A_DAY * 1000),
  allowed: `seconds such as 2.5, ${from} to ${SECONDS_A_DAY}`,
  placeholder: 'SECONDS',
})

/** A length of time that may be nothing, written in seconds and held in milliseconds. */
export const seconds = secondsOf(0, 'from 0')

/** A length of time of a millisecond or more, written in seconds and held in milliseconds. */
export const positiveSeconds = secondsOf(1, 'more than 0 and up')

/** A lifetime such as that of a file, from an hour to ninety days. */
export const lifetime: Kind<number> = {
  read: (text) => scaled(text, 1000, 3_600_000, 7_776_000_000),
  allowed: 'seconds, from 3600 (an hour) to 7776000 (ninety days)',
  placeholder: 'SECONDS',
}

/** A size, written in megabytes of 1,048,576 bytes and held in bytes. */
export const megabytes = (most: number): Kind<number> => ({
  read: (text) => scaled(text, BYTES_A_MEGABYTE, 1, most * BYTES_A_MEGABYTE),
  allowed: `megabytes, more than 0 and up to ${most}`,
  placeholder: 'MB',
})

/** A whole number of `least` or more, and no more than `most` where there is such a limit. */
export const integer = (least: number, most?: number): Kind<number> => ({
  read: (text) => inRange(WHOLE.test(text) ? Number(text) : NaN, least, most ?? Number.MAX_SAFE_INTEGER),
  allowed:
    most === undefined ? `a whole number, ${least} or more` : `a whole number from ${least} to ${most}`,
  placeholder: 'NUMBER',
})

/** An amount of money. */
export const usd: Kind<number> = {
  read: (text) => inRange(DECIMAL.test(text) ? Number(text) : NaN, Number.MIN_VALUE, 1e9),
  allowed: 'US dollars such as 2.50, more than 0',
  placeholder: 'USD',
}

/** A part of the whole. */
export const share: Kind<number> = {
  read: (text) => inRange(DECIMAL.test(text) ? Number(text) : NaN, 0, 1),
  allowed: 'a number from 0 to 1, such as 0.1',
  placeholder: 'SHARE',
}

/** One of a few words, in any case of letters. */
export const choice = <const Choice extends string>(...choices: readonly Choice[]): Kind<Choice> => ({
  read: (text) => choices.find((word) => word === text.toLowerCase()),
  allowed: `one of ${choices.join(', ')}`,
  placeholder: 'WORD',
})

const SWITCH_WORDS = new Map([
  ...['true', '1', 'yes', 'on'].map((word) => [word, true] as const),
  ...['false', '0', 'no', 'off'].map((word) => [word, false] as const),
])

/** On or off. */
export const onOrOff: Kind<boolean> = {
  read: (text) => SWITCH_WORDS.get(text.toLowerCase()),
  allowed: 'true, false, 1, 0, yes, no, on or off',
}

/** A key that travels in a header, hence visible ASCII in one piece. */
export const key: Kind<string> = {
  read: (text) => (VISIBLE_ASCII.test(text) ? text : undefined),
  allowed: 'one key of visible ASCII characters, without spaces',
  placeholder: 'KEY',
}

/** Reads a list; one wrong item makes all of it wrong. */
function readItems(text: string, pattern: RegExp): readonly string[] | undefined {
  const items = text.split(',').flatMap((item) => item.trim() || [])
  return items.every((item) => pattern.test(item)) ? Object.freeze(items) : undefined
}

/** Reads a list of one item or more. */
function readList(text: string, pattern: RegExp): readonly string[] | undefined {
  const items = readItems(text, pattern)
  return items?.length === 0 ? undefined : items
}

/** Several keys; a list that names none is wrong, so that a stray comma never opens the server to everybody. */
export const keys: Kind<readonly string[]> = {
  read: (text) => readList(text, VISIBLE_ASCII),
  allowed: 'keys of visible ASCII characters without spaces, separated by commas',
  placeholder: 'KEY,…',
  isList: true,
}

/** Some of a few words, each once, in an order that counts. */
export const choices = <const Choice extends string>(
  ...known: readonly Choice[]
): Kind<readonly Choice[]> => ({
  read(text) {
    const words = readItems(text.toLowerCase(), /./)?.map((item) => known.find((word) => word === item))
    const chosen = words?.flatMap((word) => word ?? [])
    const isWhole = chosen?.length === words?.length && new Set(chosen).size === chosen?.length
    return isWhole && chosen ? Object.freeze(chosen) : undefined
  },
  allowed: `${known.join(', ')}, separated by commas, each once, or an empty list`,
  placeholder: 'WORD,…',
  isList: true,
})

/** Hosts that are reached in private networks too. */
export const hosts: Kind<readonly string[]> = {
  read: (text) => readList(text.toLowerCase(), /^(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d+)?$/),
  allowed: 'host names or IP addresses, with a port where only that one is meant, separated by commas',
  placeholder: 'HOST,…',
  isList: true,
}

/** What browsers send as `origin`: scheme, host and, where it is not the scheme's own, port. */
export const origins: Kind<readonly string[]> = {
  read: (text) => readList(text.toLowerCase(), ORIGIN),
  allowed: 'origins such as https://app.example.com without path, separated by commas, or * for all',
  placeholder: 'ORIGIN,…',
  isList: true,
}

const isBaseUrl = ({ protocol, username, password, search, hash }: URL): boolean =>
  /^https?:$/.test(protocol) && `${username}${password}${search}${hash}` === ''

/** The address that paths are appended to: it loses its trailing slash. */
export const baseUrl: Kind<string> = {
  read(text) {
    const url = URL.parse(text)
    return url && isBaseUrl(url) ? `${url.origin}${url.pathname}`.replace(/\/+$/, '') : undefined
  },
  allowed: 'an http or https URL without user name, query and fragment',
  placeholder: 'URL',
}

/** Where to listen. */
export const host: Kind<string> = {
  read: (text) => (isIPv6(text) || HOST_NAME.test(text) ? text : undefined),
  allowed: 'an IP address or a host name, without scheme, brackets and port',
  placeholder: 'HOST',
}

/** Names of hosts; or none. */
export const hostNames: Kind<readonly string[]> = {
  read: (text) => readItems(text.toLowerCase(), HOST_NAME),
  allowed: 'host names such as llm.example.com, separated by commas',
  placeholder: 'HOST,…',
  isList: true,
}

/** A file or folder; `~` is a shell's word, which nobody would expand here. */
export const path: Kind<string> = {
  read: (text) => (text.startsWith('~') || CONTROL_CHARACTER.test(text) ? undefined : text),
  allowed: 'a path, with the home folder written out instead of ~',
  placeholder: 'PATH',
}

/** A model of the upstream. */
export const modelId: Kind<string> = {
  read: (text) => (VISIBLE_ASCII.test(text) ? text : undefined),
  allowed: 'a model id such as anthropic/claude-sonnet-4',
  placeholder: 'MODEL',
}

/** Several models, in order; or none. */
export const modelIds: Kind<readonly string[]> = {
  read: (text) => readItems(text, VISIBLE_ASCII),
  allowed: 'a list of model ids such as ["openai/gpt-5-mini", "small"]',
  placeholder: 'MODEL,…',
  isList: true,
}

/** Model names in which `*` stands for any text; or none. */
export const modelPatterns: Kind<readonly string[]> = {
  read: (text) => readItems(text, VISIBLE_ASCII),
  allowed: 'a list of model names or patterns such as ["gpt-*", "o3"]',
  placeholder: 'PATTERN,…',
  isList: true,
}

/** Tools of this server, or all of them. */
export const toolNames: Kind<readonly string[]> = {
  read: (text) => readItems(text, /^(?:\*|[A-Za-z]+)$/),
  allowed: 'a list of tools such as ["Read", "Grep"], or ["*"] for all',
  placeholder: 'TOOL,…',
  isList: true,
}

/** The name of an environment variable. */
export const variable: Kind<string> = {
  read: (text) => (/^[a-z_]\w*$/i.test(text) ? text : undefined),
  allowed: 'the name of an environment variable, such as DEEPSEEK_API_KEY',
  placeholder: 'VARIABLE',
}

/** What an HTTP header may say. */
export const headerValue: Kind<string> = {
  read: (text) => (/^[\x20-\x7e]+$/.test(text) ? text : undefined),
  allowed: 'visible ASCII characters and spaces',
  placeholder: 'TEXT',
}

/** Headers as OpenTelemetry writes them; the values may be percent-encoded. */
export const headerPairs: Kind<readonly string[]> = {
  read: (text) => readItems(text, /^[\w-]+=[\x21-\x7e ]*$/),
  allowed: 'headers such as name=value, separated by commas',
  placeholder: 'NAME=VALUE,…',
  isList: true,
}

/** A name in one word. */
export const label: Kind<string> = {
  read: (text) => (/^[\w.:/-]{1,100}$/.test(text) ? text : undefined),
  allowed: 'a word of letters, digits and . : / - _',
  placeholder: 'NAME',
}

/** What an alias stands for. */
export const aliasTarget: Kind<string> = {
  read: (text) => (/^(?:big|small)$/i.test(text) ? undefined : modelId.read(text)),
  allowed: `${modelId.allowed}; not the alias big or small, which would point at itself`,
  placeholder: 'MODEL',
}

/** Names of commands; none of them has a space. */
export const commands: Kind<readonly string[]> = {
  read: (text) => readList(text, VISIBLE_ASCII),
  allowed: 'names of commands such as default,node,python3, separated by commas',
  placeholder: 'NAME,…',
  isList: true,
}

/** Folders of programs; a relative one would be whatever folder a command runs in. */
export const searchPath: Kind<string> = {
  read: (text) =>
    !CONTROL_CHARACTER.test(text) && text.split(':').every((folder) => folder.startsWith('/'))
      ? text
      : undefined,
  allowed: 'absolute folders, separated by colons',
  placeholder: 'FOLDER:…',
}
