import { parseArgs } from 'node:util'

import type { Sources } from '../config/given.ts'
import { ConfigError, didYouMean, quote, type Report } from '../config/problem.ts'
import { flagName, isSwitch, type Setting, SETTINGS } from '../config/schema.ts'
import type { CommandLine, Option } from './command.ts'
import { type CommandName, COMMANDS, findCommand } from './commands.ts'

/** The command line, taken apart; whether the values are allowed is the configuration's concern. */
export interface Arguments extends CommandLine {
  readonly command: CommandName
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
const COMMAND_FLAGS: ReadonlyMap<string, CommandName> = new Map([
  ['help', 'help'],
  ['version', 'version'],
])

const SETTING_OPTIONS = {
  ...Object.fromEntries(
    [...FLAGS].map(([name, { alone }]) => [name, { type: alone ? 'boolean' : 'string' }]),
  ),
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'v' },
} satisfies NonNullable<Parameters<typeof parseArgs>[0]>['options']

type Options = Readonly<Record<string, Option>>

const tokenize = (argv: readonly string[], own: Options) =>
  parseArgs({
    args: [...argv],
    options: {
      ...SETTING_OPTIONS,
      ...Object.fromEntries(
        Object.entries(own).map(([name, { placeholder }]) => [
          name,
          { type: placeholder ? ('string' as const) : ('boolean' as const) },
        ]),
      ),
    },
    strict: false,
    allowPositionals: true,
    tokens: true,
  }).tokens

type Token = ReturnType<typeof tokenize>[number]
type OptionToken = Extract<Token, { kind: 'option' }>

/**
 * Takes the arguments after the program's name apart. A flag that is given twice has its last value.
 * Throws a `ConfigError` that names every unknown flag or command, and what was probably meant.
 */
export function parseArguments(argv: readonly string[]): Arguments {
  const [given] = wordsOf(tokenize(argv, {}), {})
  const command = given === undefined ? 'serve' : given
  const { options: own = {}, usage } = findCommand(command) ?? {}
  const tokens = tokenize(argv, own)
  const options = tokens.filter((token) => token.kind === 'option')
  const asked = options.map(({ name }) => COMMAND_FLAGS.get(name)).find((name) => name !== undefined)
  if (asked) return { ...NOTHING, command: asked, words: isCommand(given) ? [given] : [] }

  const problems: string[] = []
  const report: Report = (problem) => problems.push(problem)
  const read = readFlags(options, own, report)
  const words = wordsOf(tokens, own).slice(1)
  const rest = restOf(argv, tokens)
  if (!isCommand(command))
    report(`${quote(command)}: unknown command${didYouMean(command, Object.keys(COMMANDS))}`)
  else if (usage === undefined)
    for (const extra of [...words, ...rest]) report(`${quote(extra)}: one command is enough`)
  if (problems.length > 0 || !isCommand(command)) throw new ConfigError(problems)
  return { command, ...read, words, rest }
}

const NOTHING = { flags: {}, words: [], options: {}, rest: [] } as const

const isCommand = (word: string | undefined): word is CommandName =>
  word !== undefined && findCommand(word) !== undefined

function readFlags(
  tokens: readonly OptionToken[],
  own: Options,
  report: Report,
): Pick<Arguments, 'flags' | 'options'> {
  const flags: Record<string, string> = {}
  const options: Record<string, string | true> = {}
  for (const token of tokens) {
    const option = Object.hasOwn(own, token.name) ? own[token.name] : undefined
    const flag = FLAGS.get(token.name)
    const fault = option ? faultOf(token, !option.placeholder) : faultOfSetting(token, flag, own)
    const value = token.value ?? flag?.alone
    if (fault) report(fault)
    else if (option) options[token.name] = token.value ?? true
    else if (flag && value !== undefined) flags[flag.variable] = value
  }
  return { flags, options }
}

function faultOfSetting(token: OptionToken, flag: Flag | undefined, own: Options): string | undefined {
  const { rawName, value } = token
  if (!flag) return `${quote(rawName)}: unknown flag${didYouMean(rawName, knownFlags(own))}`
  if (flag.alone === 'false') return value === undefined ? undefined : `${rawName}: takes no value`
  return flag.alone ? undefined : faultOf(token, false)
}

function faultOf({ rawName, value, inlineValue }: OptionToken, isSwitched: boolean): string | undefined {
  if (isSwitched) return value === undefined ? undefined : `${rawName}: takes no value`
  const isMissing = value === undefined || (!inlineValue && value.startsWith('--'))
  return isMissing ? `${rawName}: needs a value` : undefined
}

const knownFlags = (own: Options): readonly string[] =>
  [...FLAGS.keys(), ...COMMAND_FLAGS.keys(), ...Object.keys(own)].map((name) => `--${name}`)

/** The words before `--` that are neither flags nor, as far as one can tell, the values of unknown flags. */
function wordsOf(tokens: readonly Token[], own: Options): readonly string[] {
  const isStray = (token: Token | undefined): boolean =>
    token?.kind === 'option' && !FLAGS.has(token.name) && !Object.hasOwn(own, token.name)
  const end = tokens.findIndex(({ kind }) => kind === 'option-terminator')
  const before = end < 0 ? tokens : tokens.slice(0, end)
  return before.flatMap((token, index) =>
    token.kind === 'positional' && !isStray(before[index - 1]) ? [token.value] : [],
  )
}

function restOf(argv: readonly string[], tokens: readonly Token[]): readonly string[] {
  const end = tokens.find(({ kind }) => kind === 'option-terminator')
  return end ? argv.slice(end.index + 1) : []
}
