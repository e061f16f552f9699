import { describe, expect, test } from 'bun:test'
import { join } from 'node:path'

import { PARAMETERS, REFUSED } from '../../src/wire/openrouter/options.ts'
import { PLUGIN_IDS } from '../../src/wire/openrouter/plugins.ts'
import { ProviderPreferences } from '../../src/wire/openrouter/provider.ts'
import { ReasoningOptions } from '../../src/wire/openrouter/reasoning.ts'
import { refusalOf, request } from '../messages/validation/bodies.ts'
import { REFUSALS, SENT } from './parameters.ts'

const GOLDEN = join(import.meta.dir, '../golden-requests')
const keysOf = (value: object | undefined): readonly string[] => Object.keys(value ?? {})

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
    const file = join(GOLDEN, scenario, 'request.openrouter.json')
    expect((await Bun.file(file).json())[name]).toEqual(value)
  })

  test.each<[name: string, parts: readonly string[], seen: (body: any) => readonly string[]]>([
    ['key of provider', Object.keys(ProviderPreferences.properties), ({ provider }) => keysOf(provider)],
    ['form of reasoning', Object.keys(ReasoningOptions.properties), ({ reasoning }) => keysOf(reasoning)],
    ['plugin', PLUGIN_IDS, ({ plugins }) => (plugins ?? []).map(({ id }: any) => id)],
  ])('every %s goes upstream in one of the golden requests', async (_, parts, seen) => {
    const files = [...new Bun.Glob('*/request.openrouter.json').scanSync(GOLDEN)]
    const bodies = await Promise.all(files.map(async (file) => Bun.file(join(GOLDEN, file)).json()))
    const shown = new Set(bodies.flatMap(seen))
    expect(parts.filter((part) => !shown.has(part))).toEqual([])
  })

  test.each(Object.entries(REFUSALS))('%s is refused', (_, [name, value, words]) => {
    expect(refusalOf(request({ [name]: value }))).toBe(words)
    expect(Object.keys(REFUSED)).toContain(name)
  })
})
