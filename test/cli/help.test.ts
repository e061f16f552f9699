import { describe, expect, test } from 'bun:test'

import type { Command } from '../../src/cli/command.ts'
import { COMMANDS, type CommandName } from '../../src/cli/commands.ts'
import { renderCommandHelp, renderHelp } from '../../src/cli/help.ts'
import { flagName, isSwitch, type Setting, SETTINGS, shownDefault, TABLES } from '../../src/config/schema.ts'

const help = renderHelp()
/** The text as one line, since long sentences are broken. */
const flat = help.replace(/\s+/g, ' ')

describe.each(Object.values<Setting>(SETTINGS))('the help on $name', (setting) => {
  test('has its flag and its variable in one line', () => {
    const flag = isSwitch(setting) ? `--[no-]${flagName(setting)} ` : `--${flagName(setting)} `
    const line = help.split('\n').find((text) => text.startsWith(`  ${flag}`))
    expect(line).toEndWith(` ${setting.name}`)
  })

  test('says what it means, its default and what is allowed', () => {
    const { description, kind } = setting
    expect(flat).toContain(`${description} Default: ${shownDefault(setting)}. Allowed: ${kind.allowed}.`)
  })
})

describe.each(Object.entries<Command>(COMMANDS))('the command %s', (name, { summary, options = {} }) => {
  const own = renderCommandHelp(name as CommandName)

  test('stands in the help', () => {
    expect(help).toMatch(new RegExp(`^  ${name} +${summary}$`, 'm'))
  })

  test('has a help of its own, with all its flags, that fits a terminal', () => {
    expect(own).toStartWith(summary)
    for (const [flag, { description }] of Object.entries(options)) {
      expect(own).toContain(`--${flag}`)
      expect(own.replace(/\s+/g, ' ')).toContain(description)
    }
    expect(own.split('\n').filter((text) => text.length > 100)).toEqual([])
  })

  test('has no flag that is a setting’s', () => {
    const settings: ReadonlySet<string> = new Set(Object.values<Setting>(SETTINGS).map(flagName))
    expect(Object.keys(options).filter((flag) => settings.has(flag))).toEqual([])
  })
})

test('the help fits a terminal of 80 columns', () => {
  expect(help.split('\n').filter((line) => line.length > 80)).toEqual([])
})

test.each(TABLES)('the help names the table %s', (name) => {
  expect(help).toContain(`[${name}`)
})

test('the help shows how to point Claude Code at the server', () => {
  expect(help).toContain('    ANTHROPIC_BASE_URL=http://127.0.0.1:4000 claude\n')
})

test('every setting is one sentence', () => {
  for (const { description } of Object.values<Setting>(SETTINGS))
    expect(description).toMatch(/^[A-Z][^.]*\.$/)
})
