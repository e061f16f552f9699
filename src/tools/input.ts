import type { Static, TObject } from '@sinclair/typebox'
import { type TypeCheck, TypeCompiler, ValueErrorType } from '@sinclair/typebox/compiler'
import { Value } from '@sinclair/typebox/value'

import type { Fields } from '../core/context.ts'
import { ToolFailure } from './failure.ts'

/**
 * The check of one tool's input. Models write numbers and lists as text and give null for what they leave out; that is
 * understood. What is wrong all the same is told to the model, every field in one go.
 */
export function compileInput<Input extends TObject>(
  name: string,
  schema: Input,
  accept: (given: Fields) => Fields = (given) => given,
): (given: unknown) => Static<Input> {
  // Compiled at the first use: most processes never run most tools.
  let compiled: TypeCheck<Input> | undefined
  return (given) => {
    if (!isFields(given)) throw new ToolFailure('invalid-input', `${name}: the input must be a JSON object`)
    const input = Value.Convert(schema, withoutText(schema, withoutNulls(accept(given))))
    compiled ??= TypeCompiler.Compile(schema)
    const problems = [...unknownFields(schema, input as Fields), ...faultsOf(compiled, input)]
    if (problems.length === 0) return input as Static<Input>
    throw new ToolFailure('invalid-input', [`${name} failed because of its input:`, ...problems].join('\n'))
  }
}

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const withoutNulls = (given: Fields): Fields =>
  Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null && value !== undefined))

/** Models write lists and objects as a text of JSON at times. */
const withoutText = (schema: TObject, given: Fields): Fields =>
  Object.fromEntries(
    Object.entries(given).map(([key, value]) => {
      const type: unknown = schema.properties[key]?.['type']
      return [key, type === 'array' || type === 'object' ? parsed(value) : value]
    }),
  )

function parsed(value: unknown): unknown {
  try {
    return typeof value === 'string' ? JSON.parse(value) : value
  } catch {
    // The check says what is wrong with it.
    return value
  }
}

function unknownFields(schema: TObject, input: Fields): readonly string[] {
  const known = Object.keys(schema.properties)
  return Object.keys(input)
    .filter((key) => !known.includes(key))
    .map((key) => `- unknown parameter \`${key}\`; the parameters are ${known.join(', ')}`)
}

function faultsOf(compiled: TypeCheck<TObject>, input: unknown): readonly string[] {
  if (compiled.Check(input)) return []
  const faults = new Map<string, string>()
  for (const { path, type, message, schema } of compiled.Errors(input)) {
    const place = path.slice(1).replaceAll('/', '.')
    const fault =
      type === ValueErrorType.ObjectRequiredProperty
        ? `the required parameter \`${place}\` is missing`
        : `\`${place}\`: ${allowedOf(schema['anyOf'] as readonly { const?: unknown }[] | undefined) ?? message}`
    if (!faults.has(place)) faults.set(place, `- ${fault}`)
  }
  return [...faults.values()]
}

/** The values of a closed set; undefined for anything else. */
const allowedOf = (members: readonly { readonly const?: unknown }[] | undefined): string | undefined =>
  members?.every((member) => member.const !== undefined)
    ? `must be one of ${members.map((member) => JSON.stringify(member.const)).join(', ')}`
    : undefined
