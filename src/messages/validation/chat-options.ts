import { type TypeCheck, TypeCompiler } from '@sinclair/typebox/compiler'

import type { Fields } from '../../core/context.ts'
import { type Failure, invalidRequest } from '../../core/errors.ts'
import { isRecord } from '../../core/record.ts'
import { readHeaderOptions, toHeaderName } from '../../translate/option-sources.ts'
import type { Target } from '../../translate/target.ts'
import { BODY_FIELDS, ChatOptions, REFUSED } from '../../wire/openrouter/options.ts'
import { type Complaint, explain } from './explain.ts'
import type { Path, Subject } from './subject.ts'

/** Writes the address of an option as its source knows it. */
type Address = (path: Path) => string

const inBody: Address = (path) => path.join('.')
const inExtension: Address = (path) => ['openrouter', ...path].join('.')
const inHeader: Address = ([name, ...rest]) => ['header ' + toHeaderName(String(name)), ...rest].join('.')

/** Chat options of the body stand where they may, and do not contradict each other (openrouter §7.9). */
export function checkChatOptions({ request, options }: Subject): void {
  if (options.operation !== 'create') return
  checkReasoning(request, inBody)
  const inner: unknown = request.openrouter
  if (!isRecord(inner)) return
  refuse(BODY_NAMES, inner, inExtension, 'Extra inputs are not permitted; send it beside `openrouter`')
  checkReasoning(inner, inExtension)
}

/**
 * Options that do not stand in the body are right as well: the headers', and what the operator set for this model.
 * Throws a `Failure` that names the header or the setting.
 */
export function checkOptionSources(headers: Fields, { model, options }: Target): void {
  if (isEmpty(headers) && isEmpty(options)) return
  const given = readHeaderOptions(headers)
  checkValues(given, inHeader)
  checkReasoning(given, inHeader)
  const inSettings: Address = (path) => `options.${path.join('.')} (this server's setting for ${model})`
  checkValues(options, inSettings)
  checkReasoning(options, inSettings)
  refuse(BODY_NAMES, options, inSettings, 'Extra inputs are not permitted; every request says it itself')
  refuse(LIMITS, options, inSettings, 'every request has its own max_tokens; MAX_TOKENS_LIMIT lowers it')
  for (const [name, { about }] of Object.entries(REFUSED)) refuse([name], options, inSettings, about)
}

function isEmpty(fields: Fields): boolean {
  for (const _name in fields) return false
  return true
}

const BODY_NAMES = Object.keys(BODY_FIELDS)
const LIMITS = ['max_tokens', 'max_completion_tokens']

let compiled: TypeCheck<typeof ChatOptions> | undefined

function checkValues(given: Fields, address: Address): void {
  if (Object.keys(given).length === 0) return
  compiled ??= TypeCompiler.Compile(ChatOptions)
  if (compiled.Check(given)) return
  const error = compiled.Errors(given).First()
  throw toFailure(error ? explain(error, false) : { path: [], words: 'Input is not valid' }, address)
}

const toFailure = ({ path, words }: Complaint, address: Address): Failure =>
  invalidRequest(`${address(path)}: ${words}`)

function refuse(names: readonly string[], given: Fields, address: Address, words: string): void {
  const refused = names.find((name) => isGiven(given[name]))
  if (refused !== undefined) throw toFailure({ path: [refused], words }, address)
}

/** OpenRouter refuses both at once. */
function checkReasoning({ reasoning }: Fields, address: Address): void {
  if (isRecord(reasoning) && isGiven(reasoning['effort']) && isGiven(reasoning['max_tokens']))
    throw toFailure({ path: ['reasoning'], words: 'give either `effort` or `max_tokens`' }, address)
}

const isGiven = (value: unknown): boolean => value !== undefined && value !== null
