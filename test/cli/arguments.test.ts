import { describe, expect, test } from 'bun:test'

import { parseArguments } from '../../src/cli/arguments.ts'
import type { CommandName } from '../../src/cli/commands.ts'
import { ConfigError } from '../../src/config/problem.ts'
import { flagName, isSwitch, type Setting, SETTINGS } from '../../src/config/schema.ts'

const problemsOf = (...argv: readonly string[]): readonly string[] => {
  try {
    parseArguments(argv)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
}

/** A line that says no more than a command and settings. */
const line = (command: CommandName, given: Record<string, string> = {}) => ({
  command,
  flags: given,
  words: [],
  options: {},
  rest: [],
})

describe('a command', () => {
  test.each(['serve', 'healthcheck', 'version', 'help'] as const)('%s is understood', (command) => {
    expect(parseArguments([command])).toEqual(line(command))
  })

  test('is serve when none is given', () => {
    expect(parseArguments([])).toEqual(line('serve'))
  })

  test('stands before or behind the flags', () => {
    const expected = line('healthcheck', { PORT: '1' })
    expect(parseArguments(['healthcheck', '--port', '1'])).toEqual(expected)
    expect(parseArguments(['--port', '1', 'healthcheck'])).toEqual(expected)
  })

  test.each([
    ['-h', 'help'],
    ['--help', 'help'],
    ['-v', 'version'],
    ['--version', 'version'],
  ] as const)('%s is the command %s, whatever else is wrong', (flag, command) => {
    expect(parseArguments(['nonsense', '--nonsense', flag])).toEqual(line(command))
  })

  test('that is unknown is named, with the nearest known one', () => {
    expect(problemsOf('sreve')).toEqual(['"sreve": unknown command; did you mean serve?'])
    expect(problemsOf('healthchek')).toEqual(['"healthchek": unknown command; did you mean healthcheck?'])
    expect(problemsOf('constructor')).toEqual(['"constructor": unknown command'])
  })

  test('is one', () => {
    expect(problemsOf('serve', 'serve', 'x')).toEqual([
      '"serve": one command is enough',
      '"x": one command is enough',
    ])
  })

  test('with words of its own gets them, and help for it is help with its name', () => {
    expect(parseArguments(['help', 'serve', '--port', '1'])).toEqual({
      ...line('help', { PORT: '1' }),
      words: ['serve'],
    })
    expect(parseArguments(['serve', '--help'])).toEqual({ ...line('help'), words: ['serve'] })
  })

  test('that passes nothing on takes nothing behind --', () => {
    expect(parseArguments(['help', '--', '--port', 'x']).rest).toEqual(['--port', 'x'])
    expect(problemsOf('serve', '--', '--port')).toEqual(['"--port": one command is enough'])
  })

  test('that looks like a key is not repeated', () => {
    expect(problemsOf('sk-or-v1-0123456789').join()).not.toContain('0123456789')
  })
})

const flags = Object.values<Setting>(SETTINGS).map((setting) => ({
  setting,
  name: setting.name,
  flag: flagName(setting),
}))
const switches = flags.filter(({ setting }) => isSwitch(setting))
const others = flags.filter(({ setting }) => !isSwitch(setting))

describe.each(others)('--$flag', ({ flag, name }) => {
  test('takes its value as the next word or behind an equals sign', () => {
    const expected = line('serve', { [name]: 'x' })
    expect(parseArguments([`--${flag}`, 'x'])).toEqual(expected)
    expect(parseArguments([`--${flag}=x`])).toEqual(expected)
  })

  test('does not take another flag for its value', () => {
    expect(problemsOf(`--${flag}`)).toEqual([`--${flag}: needs a value`])
    expect(problemsOf(`--${flag}`, '--strict-compat')).toEqual([`--${flag}: needs a value`])
  })
})

test.each(switches)('--$flag is a switch, on and off', ({ flag, name }) => {
  expect(parseArguments([`--${flag}`]).flags).toEqual({ [name]: 'true' })
  expect(parseArguments([`--no-${flag}`]).flags).toEqual({ [name]: 'false' })
  expect(parseArguments([`--${flag}=off`]).flags).toEqual({ [name]: 'off' })
  expect(problemsOf(`--no-${flag}=true`)).toEqual([`--no-${flag}: takes no value`])
})

describe('a flag', () => {
  test('may have a value that begins with a dash', () => {
    expect(parseArguments(['--port', '-1']).flags).toEqual({ PORT: '-1' })
    expect(parseArguments(['--data-dir=--odd']).flags).toEqual({ DATA_DIR: '--odd' })
  })

  test('that is given twice has its last value', () => {
    expect(parseArguments(['--port', '1', '--port', '2']).flags).toEqual({ PORT: '2' })
  })

  test.each([
    ['--prot', '--port'],
    ['--MAX_BODY_SIZE', '--max-body-size'],
    ['--hepl', '--help'],
    ['--no-strict-compta', '--no-strict-compat'],
    ['--database-url', undefined],
    ['-x', undefined],
  ])('%s is unknown, and %s was meant', (flag, meant) => {
    const hint = meant ? `; did you mean ${meant}?` : ''
    expect(problemsOf(flag)).toEqual([`"${flag}": unknown flag${hint}`])
  })

  test('that is unknown hides its value', () => {
    expect(problemsOf('--openrouter-api-kay', 'sk-or-v1-0123456789')).toEqual([
      '"--openrouter-api-kay": unknown flag; did you mean --openrouter-api-key?',
    ])
    expect(problemsOf('--openrouter-api-kay=sk-or-v1-0123456789')).toEqual([
      '"--openrouter-api-kay": unknown flag; did you mean --openrouter-api-key?',
    ])
  })

  test('is a problem of its own for each wrong one', () => {
    expect(problemsOf('--aaaaaa', '1', '--bbbbbb', 'cccccc', '--port')).toEqual([
      '"--aaaaaa": unknown flag',
      '"--bbbbbb": unknown flag',
      '--port: needs a value',
    ])
  })
})
