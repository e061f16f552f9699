import { ConfigError, didYouMean, quote } from '../config/problem.ts'
import { flagName, GROUPS, isSwitch, type Setting, SETTINGS, shownDefault } from '../config/schema.ts'
import type { Command, Invocation } from './command.ts'
import { COMMANDS, type CommandName, findCommand } from './commands.ts'
import { PROGRAM } from './words.ts'

const WIDTH = 80
const INDENT = '  '
const DEEP = INDENT.repeat(3)
const VARIABLE_COLUMN = 40

const HEAD = `${PROGRAM} - the Anthropic API for any model of OpenRouter

Usage:
  ${PROGRAM} [command] [flags]`

const SOURCES = `Every setting is a flag, an environment variable, and a key of the configuration file: --max-body-size, MAX_BODY_SIZE, max_body_size. A flag wins over the environment, the environment over the file, the file over the default. A key on the command line can be seen by other users of the machine; the environment and the file are the better places. A secret may also stand in a file of its own, which NAME_FILE names: OPENROUTER_API_KEY_FILE=/run/secrets/openrouter; or in the keychain of the operating system: OPENROUTER_API_KEY=keychain:OPENROUTER_API_KEY, which "keychain set OPENROUTER_API_KEY" fills.`

const TABLES = `The configuration file also has tables, which no flag stands for: [aliases] with more names for models, [upstreams.NAME] with more servers, [models."PATTERN"] with what is special about some models, [routes] with the models for background work, thinking, long prompts, images, searches and sub-agents, and [mcp.NAME] with MCP servers. The server reads the file again when it changes, and at SIGHUP. docs/routing.md has examples.`

const EXAMPLES = [
  ['Try it without a key; the built-in demo upstream answers:', PROGRAM],
  ['Serve the models of OpenRouter:', `OPENROUTER_API_KEY=sk-or-... ${PROGRAM}`],
  ['Point Claude Code at it:', 'ANTHROPIC_BASE_URL=http://127.0.0.1:4000 claude'],
  ['Use a chat-completions server of your own:', `OPENROUTER_BASE_URL=http://127.0.0.1:8000/v1 ${PROGRAM}`],
  ['Let other machines use it:', `SERVER_API_KEYS=a-long-secret ${PROGRAM} --host 0.0.0.0`],
] as const

const COMMAND_ROWS = Object.entries<Command>(COMMANDS).map(([name, { summary }]) => [name, summary] as const)

/** Prints the text on one command, or the whole one. Throws a `ConfigError` for a command that does not exist. */
export async function printHelp({ words: [name], say }: Invocation): Promise<number> {
  if (name !== undefined && !findCommand(name))
    throw new ConfigError([`${quote(name)}: unknown command${didYouMean(name, Object.keys(COMMANDS))}`])
  say(name === undefined ? renderHelp() : renderCommandHelp(name as CommandName))
  return 0
}

/** The text on one command. */
export function renderCommandHelp(name: CommandName): string {
  const { summary, usage, details, options }: Command = COMMANDS[name]
  const flags = Object.entries(options ?? {}).map(
    ([flag, { placeholder, description }]) =>
      [placeholder ? `--${flag} ${placeholder}` : `--${flag}`, description] as const,
  )
  const sections = [
    wrap(summary, ''),
    section('Usage', `${INDENT}${[PROGRAM, name, usage].filter(Boolean).join(' ')} [flags]`),
    ...(details ? details.split('\n\n').map(paragraph) : []),
    ...(flags.length > 0 ? [section('Flags', columns(flags))] : []),
    `Every setting may stand here as a flag too: "${PROGRAM} --help" lists them.`,
  ]
  return `${sections.join('\n\n')}\n`
}

/** The text of `--help`: every command and every setting, made from the same table as the loader. */
export function renderHelp(): string {
  const sections = [
    HEAD,
    section('Commands', columns(COMMAND_ROWS)),
    section(
      'Flags',
      columns([
        ['-h, --help', 'Print this text; behind a command, the one on that command.'],
        ['-v, --version', COMMANDS.version.summary],
      ]),
    ),
    section('Settings', [SOURCES, TABLES].map((text) => wrap(text, INDENT)).join('\n\n')),
    ...GROUPS.map((group) => section(group, settingsOf(group).map(describeSetting).join('\n\n'))),
    section(
      'Examples',
      EXAMPLES.map(([what, how]) => `${INDENT}${what}\n${INDENT}${INDENT}${how}`).join('\n\n'),
    ),
  ]
  return `${sections.join('\n\n')}\n`
}

const section = (title: string, body: string): string => `${title}:\n${body}`

function columns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length))
  return rows.map(([left, right]) => `${INDENT}${left.padEnd(width)}  ${right}`).join('\n')
}

const settingsOf = (group: Setting['group']): readonly Setting[] =>
  Object.values<Setting>(SETTINGS).filter((setting) => setting.group === group)

function describeSetting(setting: Setting): string {
  const { name, kind, description } = setting
  const flag = isSwitch(setting)
    ? `--[no-]${flagName(setting)}`
    : `--${flagName(setting)} ${kind.placeholder}`
  const values = `Default: ${shownDefault(setting)}. Allowed: ${kind.allowed}.`
  const heading = `${INDENT}${flag} `.padEnd(VARIABLE_COLUMN) + name
  return [heading, wrap(description, DEEP), wrap(values, DEEP)].join('\n')
}

/** What is indented is an example and stays as it is. */
const paragraph = (text: string): string => (text.startsWith(' ') ? text.trimEnd() : wrap(text, ''))

/** Breaks a text at its spaces, so that no line is wider than a terminal unless a single word is. */
function wrap(text: string, indent: string): string {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const line = lines.at(-1)
    if (line !== undefined && `${line} ${word}`.length <= WIDTH) lines.push(`${lines.pop()} ${word}`)
    else lines.push(`${indent}${word}`)
  }
  return lines.join('\n')
}
