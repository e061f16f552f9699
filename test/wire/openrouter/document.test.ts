import { expect, test } from 'bun:test'
import { join } from 'node:path'

import { KindGuard, type TSchema } from '@sinclair/typebox'

import { BODY_FIELDS, OPTIONS, REFUSED, SHARED } from '../../../src/wire/openrouter/options.ts'
import type { Parameter } from '../../../src/wire/openrouter/parameter.ts'
import { Plugin } from '../../../src/wire/openrouter/plugins.ts'
import { ProviderPreferences } from '../../../src/wire/openrouter/provider.ts'
import { ReasoningOptions } from '../../../src/wire/openrouter/reasoning.ts'

const DOCUMENT = join(import.meta.dir, '../../../docs/openrouter-options.md')
const GENERATED = /(?<=<!-- options -->\n)[^]*?(?=<!-- \/options -->)/

/** Objects that have a table of their own. */
const TABLES = new Map<TSchema, string>([
  [ProviderPreferences, 'see [provider](#provider)'],
  [Plugin, '[plugins](#plugins)'],
  [ReasoningOptions, 'see [reasoning](#reasoning)'],
])

/** What a value may be, in a few words. */
function describe(schema: TSchema): string {
  const table = TABLES.get(schema)
  if (table !== undefined) return table
  if (KindGuard.IsUnion(schema)) return describeUnion(schema.anyOf)
  if (KindGuard.IsLiteral(schema)) return `\`${schema.const}\``
  if (KindGuard.IsArray(schema))
    return `list of ${describe(schema.items)}${bounds(schema.minItems, schema.maxItems)}`
  if (KindGuard.IsRecord(schema))
    return `map to ${describe(Object.values(schema.patternProperties)[0] as TSchema)}`
  if (KindGuard.IsObject(schema)) return describeObject(schema.properties)
  if (KindGuard.IsString(schema))
    return `text${schema.maxLength ? ` up to ${schema.maxLength} characters` : ''}`
  if (KindGuard.IsInteger(schema)) return `whole number${bounds(schema.minimum, schema.maximum)}`
  if (KindGuard.IsNumber(schema))
    return `number${bounds(schema.minimum ?? above(schema.exclusiveMinimum), schema.maximum)}`
  if (KindGuard.IsBoolean(schema)) return 'true or false'
  return 'anything'
}

type Bound = number | string | undefined

const above = (bound: Bound): Bound => (bound === undefined ? undefined : `above ${bound}`)

function bounds(least: Bound, most: Bound): string {
  if (least === undefined && most === undefined) return ''
  if (most === undefined) return `, ${least} or more`
  return least === undefined ? `, at most ${most}` : `, ${least} to ${most}`
}

function describeUnion(members: readonly TSchema[]): string {
  const words = members.filter((member) => !KindGuard.IsNull(member)).map(describe)
  return words.every((word) => word.startsWith('`')) ? words.join(', ') : [...new Set(words)].join(' or ')
}

/** Fields by name; the values of `type` tell what the object is. */
function describeObject(properties: Readonly<Record<string, TSchema>>): string {
  const fields = Object.entries(properties).map(([name, field]) =>
    name === 'type' ? `\`type\`: ${describe(field)}` : `\`${name}\``,
  )
  return `{ ${fields.join(', ')} }`
}

const table = (head: readonly string[], rows: ReadonlyArray<readonly string[]>): string =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')

const parameterTable = (parameters: Readonly<Record<string, Parameter>>): string =>
  table(
    ['Name', 'Value', 'What it is for'],
    Object.entries(parameters).map(([name, { schema, about }]) => [`\`${name}\``, describe(schema), about]),
  )

const adviceTable = (head: string, parameters: Readonly<Record<string, Parameter>>): string =>
  table(
    ['Name', head],
    Object.entries(parameters).map(([name, { about }]) => [`\`${name}\``, about]),
  )

const fieldTable = (properties: Readonly<Record<string, TSchema>>): string =>
  table(
    ['Key', 'Value'],
    Object.entries(properties).map(([name, field]) => [`\`${name}\``, describe(field)]),
  )

const isKnown = (plugin: TSchema): boolean => !('pattern' in plugin['properties'].id)

const pluginTable = (): string =>
  table(
    ['`id`', 'Its options'],
    Plugin.anyOf.filter(isKnown).map((plugin) => {
      const { id, ...options } = plugin.properties as Readonly<Record<string, TSchema>>
      const words = Object.entries(options).map(([name, field]) => `\`${name}\`: ${describe(field)}`)
      return [describe(id as TSchema), words.join('; ')]
    }),
  )

const SECTIONS: ReadonlyArray<readonly [title: string, text: () => string]> = [
  ['## Options', () => parameterTable(OPTIONS)],
  ['### provider', () => fieldTable(ProviderPreferences.properties)],
  ['### reasoning', () => fieldTable(ReasoningOptions.properties)],
  ['### plugins', pluginTable],
  [
    "## Names that Anthropic has, too\n\nBeside Anthropic's fields these are Anthropic's; in all other places they have the form of chat completions.",
    () => parameterTable(SHARED),
  ],
  ['## The request itself', () => adviceTable('Made', BODY_FIELDS)],
  ['## What cannot be had', () => adviceTable('Instead', REFUSED)],
]

const render = (): string => `\n${SECTIONS.map(([title, text]) => `${title}\n\n${text()}\n\n`).join('')}`

test('the document shows exactly the options that are checked', async () => {
  const text = await Bun.file(DOCUMENT).text()
  const expected = text.replace(GENERATED, render)
  if (process.env['GOLDEN'] === 'write') await Bun.write(DOCUMENT, expected)
  else expect(text).toBe(expected)
})
