import { expect, test } from 'bun:test'
import { join } from 'node:path'

import { flagName, GROUPS, isSwitch, type Setting, SETTINGS, shownDefault } from '../../src/config/schema.ts'

const DOCUMENT = join(import.meta.dir, '../../docs/configuration.md')
const GENERATED = /(?<=<!-- settings -->\n)[^]*?(?=<!-- \/settings -->)/

const HEAD = ['Variable', 'Flag', 'Default', 'Allowed', 'Meaning']

const toRow = (setting: Setting): readonly string[] => [
  `\`${setting.name}\``,
  `\`--${isSwitch(setting) ? '[no-]' : ''}${flagName(setting)}\``,
  shownDefault(setting),
  setting.kind.allowed,
  setting.description,
]

/** A table as the formatter leaves it: every column as wide as its widest cell. */
const renderTable = (rows: readonly (readonly string[])[]): string => {
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const rule = widths.map((width) => '-'.repeat(width))
  const [head = [], ...body] = rows
  return [head, rule, ...body]
    .map((row) => `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`)
    .join('\n')
}

const renderSettings = (): string =>
  GROUPS.map((group) => {
    const settings = Object.values<Setting>(SETTINGS).filter((setting) => setting.group === group)
    return `\n### ${group}\n\n${renderTable([HEAD, ...settings.map(toRow)])}\n`
  }).join('') + '\n'

test('the document shows exactly the settings that the loader knows', async () => {
  const text = await Bun.file(DOCUMENT).text()
  const expected = text.replace(GENERATED, renderSettings)
  if (process.env['GOLDEN'] === 'write') await Bun.write(DOCUMENT, expected)
  else expect(text).toBe(expected)
})
