import { Kind, OptionalKind, type TSchema } from '@sinclair/typebox'

import { oddText, oddValue } from './odd-values.ts'
import type { Random } from './random.ts'

const WORDS = ['a', 'Hello', 'The weather in Paris is fine.', 'Read', 'toolu_1', 'https://example.com/a.png']

/** A value that has the schema, so far as types, sizes and patterns of this project's wire formats go. */
export function valueOf(schema: TSchema, random: Random): unknown {
  switch (schema[Kind]) {
    case 'Object':
      return objectOf(schema, random)
    case 'Array':
      return random.times(random.below(4), () => valueOf(schema['items'], random))
    case 'Union':
      return valueOf(random.pick(schema['anyOf'] as readonly TSchema[]), random)
    case 'Literal':
      return schema['const']
    case 'String':
      return textOf(schema, random)
    case 'Integer':
      return numberOf(schema, random, true)
    case 'Number':
      return numberOf(schema, random, false)
    case 'Boolean':
      return random.chance(0.5)
    case 'Null':
      return null
    case 'Record':
      return { [random.pick(WORDS)]: recordValueOf(schema, random) }
    case 'Tuple':
      return (schema['items'] as readonly TSchema[]).map((item) => valueOf(item, random))
    default:
      return random.chance(0.7) ? random.pick<unknown>([null, 'a', 1, {}, []]) : oddValue(random)
  }
}

function objectOf(schema: TSchema, random: Random): object {
  const value: Record<string, unknown> = {}
  for (const [name, field] of Object.entries(schema['properties'] as Readonly<Record<string, TSchema>>)) {
    if (field[OptionalKind] === 'Optional' && !random.chance(0.25)) continue
    value[name] = valueOf(field, random)
  }
  return value
}

function recordValueOf(schema: TSchema, random: Random): unknown {
  const [inner] = Object.values(schema['patternProperties'] as Readonly<Record<string, TSchema>>)
  return inner ? valueOf(inner, random) : null
}

/** Where a pattern says more than the schema's own examples, the first of some guesses that fits. */
const GUESSES = [
  'read',
  'openrouter:web_search',
  'bash_20250124',
  'web_search_20250305',
  '12.5',
  'computer_toolset_20260801',
  'text-plugin',
]

function textOf(schema: TSchema, random: Random): string {
  const examples = schema['examples'] as readonly string[] | undefined
  if (examples) return random.pick(examples)
  const { pattern, maxLength } = schema as { pattern?: string; maxLength?: number }
  if (pattern !== undefined) {
    const fitting = GUESSES.filter((guess) => new RegExp(pattern).test(guess))
    return fitting.length > 0 ? random.pick(fitting) : random.pick(WORDS)
  }
  const text = random.chance(0.9) ? random.pick(WORDS) : oddText(random)
  return maxLength === undefined ? text : text.slice(0, maxLength)
}

function numberOf({ minimum = 0, maximum = 5000 }: TSchema, random: Random, whole: boolean): number {
  const number = Number(minimum) + random.fraction() * (Number(maximum) - Number(minimum))
  return whole ? Math.floor(number) : number
}
