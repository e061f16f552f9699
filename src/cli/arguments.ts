import { parseArgs } from 'node:util'

import type { Sources } from '../config/given.ts'
import { ConfigError, didYouMean, quote, type Report } from '../config/problem.ts'
import { flagName, isSwitch, type Setting, SETTINGS } from '../config/schema.ts'

/** What the program can be told to do, and what `--help` says about it. */
export const COMMANDS = {
  serve: 'Answer requests until told to stop; the default.',
  healthcheck: 'Exit with 0 if the server at HOST and PORT is well, else with 1.',
  version: 'Print the version.',
  help: 'Print this text.',
} as const

export type Command = keyof typeof COMMANDS

/** The command line, taken apart; whether the values are allowed is the configuration's concern. */
export interface Arguments {
  readonly command: Command
  /** The settings given as flags, by the variable they stand for. */
  readonly flags: Sources['flags']
}

/** What one flag sets. */
interface Flag {
  readonly variable: string
  /** What a switch means when it stands alone. */
  readonly alone?: 'true' | 'false'
}

const toFlags = (setting: Setting): readonly (readonly [string, Flag])[] => {
  const name = flagName(setting)
  const variable = setting.name
  if (!isSwitch(setting)) return [[name, { variable }]]
  return [
    [name, { variable, alone: 'true' }],
    [`no-${name}`, { variable, alone: 'false' }],
  ]
}

const FLAGS: ReadonlyMap<string, Flag> = new Map(Object.values<Setting>(SETTINGS).flatMap(toFlags))

/** Flags that stand for a command; they win over everything else on the line. */
const COMMAND_FLAGS: ReadonlyMap<string, Command> = new Map([
  ['help', 'help'],
  ['version', 'version'],
])

const KNOWN_FLAGS = [...FLAGS.keys(), ...COMMAND_FLAGS.keys()].map((name) => `--${name}`)

const OPTIONS = {
  ...Object.fromEntries(
    [...FLAGS].map(([name, { alone }]) => [name, { type: alone ? 'boolean' : 'string' }]),
  ),
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'v' },
} satisfies NonNullable<Parameters<typeof parseArgs>[0]>['options']

const tokenize = (argv: readonly string[]) =>
  parseArgs({ args: [...argv], options: OPTIONS, strict: false, allowPositionals: true, tokens: true }).tokens

type Token = ReturnType<typeof tokenize>[number]
type Option = Extract<Token, { kind: 'option' }>

/**
 * Takes the arguments after the program's name apart. A flag that is given twice has its last value.
 * Throws a `ConfigError` that names every unknown flag or command, and what was probably meant.
 */
export function parseArguments(argv: readonly string[]): Arguments {
  const tokens = tokenize(argv)
  const options = tokens.filter((token) => token.kind === 'option')
  const asked = options.map(({ name }) => COMMAND_FLAGS.get(name)).find((command) => command !== undefined)
  if (asked) return { command: asked, flags: {} }
  const problems: string[] = []
  const report: Report = (problem) => problems.push(problem)
  const flags = readFlags(options, report)
  const command = readCommand(commandWords(tokens), report)
  if (problems.length > 0) throw new ConfigError(problems)
  return { command, flags }
}

function readFlags(options: readonly Option[], report: Report): Sources['flags'] {
  const flags: Record<string, string> = {}
  for (const option of options) {
    const flag = FLAGS.get(option.name)
    const fault = faultOf(option, flag)
    const value = option.value ?? flag?.alone
    if (fault) report(fault)
    else if (flag && value !== undefined) flags[flag.variable] = value
  }
  return flags
}

function faultOf({ rawName, value, inlineValue }: Option, flag: Flag | undefined): string | undefined {
  if (!flag) return `${quote(rawName)}: unknown flag${didYouMean(rawName, KNOWN_FLAGS)}`
  if (flag.alone === 'false') return value === undefined ? undefined : `${rawName}: takes no value`
  const isMissing = value === undefined || (!inlineValue && value.startsWith('--'))
  return isMissing && !flag.alone ? `${rawName}: needs a value` : undefined
}

/** The words that are neither flags nor, as far as one can tell, the values of unknown flags. */
function commandWords(tokens: readonly Token[]): readonly string[] {
  const isStray = (token: Token | undefined): boolean => token?.kind === 'option' && !FLAGS.has(token.name)
  return tokens.flatMap((token, index) =>
    token.kind === 'positional' && !isStray(tokens[index - 1]) ? [token.value] : [],
  )
}

const isCommand = (word: string): word is Command => Object.hasOwn(COMMANDS, word)

function readCommand([word = 'serve', ...rest]: readonly string[], report: Report): Command {
  for (const extra of rest) report(`${quote(extra)}: one command is enough`)
  if (isCommand(word)) return word
  report(`${quote(word)}: unknown command${didYouMean(word, Object.keys(COMMANDS))}`)
  return 'help'
}
