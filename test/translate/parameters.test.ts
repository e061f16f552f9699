import { describe, expect, test } from 'bun:test'
import { join } from 'node:path'

import { PARAMETERS, REFUSED } from '../../src/wire/openrouter/options.ts'
import { refusalOf, request } from '../messages/validation/bodies.ts'
import { REFUSALS, SENT } from './parameters.ts'

const numbered = (letter: string, count: number): string[] =>
  Array.from({ length: count }, (_, n) => `${letter}${n + 1}`)

describe('the 63 parameters of chat completions', () => {
  test('are all here, under their numbers', () => {
    const rows = [...numbered('O', 37), ...numbered('R', 26)]
    expect([...Object.keys(SENT), ...Object.keys(REFUSALS)].toSorted()).toEqual(rows.toSorted())
    const table = Object.entries(PARAMETERS).map(([name, { row }]) => `${row} ${name}`)
    const tested = [...Object.entries(SENT), ...Object.entries(REFUSALS)].map(
      ([row, [name]]) => `${row} ${name}`,
    )
    expect(tested.toSorted()).toEqual(table.toSorted())
  })

  test.each(Object.entries(SENT))('%s goes upstream', async (_, [name, scenario, value]) => {
    const file = join(import.meta.dir, '../golden-requests', scenario, 'request.openrouter.json')
    expect((await Bun.file(file).json())[name]).toEqual(value)
  })

  test.each(Object.entries(REFUSALS))('%s is refused', (_, [name, value, words]) => {
    expect(refusalOf(request({ [name]: value }))).toBe(words)
    expect(Object.keys(REFUSED)).toContain(name)
  })
})
