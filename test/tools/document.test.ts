import { expect, test } from 'bun:test'
import { join } from 'node:path'

import { TOOLS } from '../../src/tools/registry.ts'
import { allowedCommands } from '../../src/tools/shell/rules.ts'
import type { Tool } from '../../src/tools/tool.ts'

const DOCUMENT = join(import.meta.dir, '../../docs/TOOLS.md')
const GENERATED = /(?<=<!-- tools -->\n)[^]*?(?=<!-- \/tools -->)/

/** A table as the formatter leaves it: every column as wide as its widest cell. */
function renderTable(rows: readonly (readonly string[])[]): string {
  const [head = [], ...body] = rows
  const widths = head.map((_, column) => Math.max(...rows.map((row) => Bun.stringWidth(row[column] ?? ''))))
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - Bun.stringWidth(cell))).join(' | ')} |`
  return [head, widths.map((width) => '-'.repeat(width)), ...body].map(line).join('\n')
}

function typeOf(schema: any): string {
  if (schema.anyOf) return schema.anyOf.map((member: any) => JSON.stringify(member.const)).join(', ')
  if (schema.type === 'array') return `array of ${typeOf(schema.items)}`
  return schema.type
}

const parameters = ({ input }: Tool): string =>
  Object.keys(input.properties).length === 0
    ? 'No parameters.'
    : renderTable([
        ['Parameter', 'Required', 'Type', 'Meaning'],
        ...Object.entries<any>(input.properties).map(([name, schema]) => [
          `\`${name}\``,
          input.required?.includes(name) ? 'yes' : '',
          typeOf(schema),
          schema.description ?? '',
        ]),
      ])

const section = (tool: Tool): string => `
### ${tool.name}

${tool.description
  .trim()
  .replaceAll(/\{|\}/g, String.raw`\$&`)
  .replaceAll('<', '&lt;')}

${parameters(tool)}

Limits: ${tool.perMinute} runs a minute for each key; ${tool.parallelSafe ? 'runs beside others of the same turn' : 'runs alone in its turn'}. Risk: ${tool.risk}
`

const listOf = (walled: boolean): string =>
  [...allowedCommands(['default'], walled)]
    .toSorted()
    .map((name) => `\`${name}\``)
    .join(' ')

const render = (): string => `
## Allowed commands

Without a sandbox: ${listOf(false)}

With one: ${listOf(true)}

## The tools
${TOOLS.map(section).join('')}
`

/** Long lines are broken by whoever reads them: a generated page is not wrapped. */
test('the document shows exactly the tools that there are', async () => {
  const text = await Bun.file(DOCUMENT).text()
  const expected = text.replace(GENERATED, render)
  if (process.env['GOLDEN'] === 'write') await Bun.write(DOCUMENT, expected)
  else expect(text).toBe(expected)
})

test('every tool says what it does, to the model and to the operator', () => {
  for (const { name, description, risk, input } of TOOLS) {
    expect([name, description.length > 20, risk.length > 5]).toEqual([name, true, true])
    for (const [parameter, schema] of Object.entries<any>(input.properties))
      expect([name, parameter, (schema.description?.length ?? 0) > 3]).toEqual([name, parameter, true])
  }
})

test('names are unique, and fit Anthropic’s rules for names of tools', () => {
  expect(new Set(TOOLS.map(({ name }) => name)).size).toBe(TOOLS.length)
  for (const { name } of TOOLS) expect(name).toMatch(/^[a-zA-Z0-9_-]{1,128}$/)
})
