import { describe, expect, test } from 'bun:test'

import { COMMANDS } from '../../src/cli/arguments.ts'
import { renderHelp } from '../../src/cli/help.ts'
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

test.each(Object.entries(COMMANDS))('the help has the command %s', (command, what) => {
  expect(help).toMatch(new RegExp(`^  ${command} +${what}$`, 'm'))
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
