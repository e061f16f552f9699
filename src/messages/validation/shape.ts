import type { TSchema } from '@sinclair/typebox'
import { type TypeCheck, TypeCompiler } from '@sinclair/typebox/compiler'
import type { ValueError } from '@sinclair/typebox/errors'

import { type Failure, invalidRequest } from '../../core/errors.ts'
import { mergeTurns } from '../../translate/turns.ts'
import { CountTokensRequest, type Message, MessagesRequest } from '../../wire/anthropic/request.ts'
import { CHAT_OPTIONS } from '../../wire/openrouter/options.ts'
import { type Complaint, explain } from './explain.ts'
import { formatPath, type Operation, type Path, type Requests } from './subject.ts'

const SCHEMAS = {
  create: MessagesRequest,
  count_tokens: CountTokensRequest,
} satisfies Record<Operation, TSchema>

const compiled = new Map<Operation, TypeCheck<TSchema>>()

/** Compiling takes tens of milliseconds, hence at the first request and not at the start. */
function checkerFor(operation: Operation): TypeCheck<TSchema> {
  const checker = compiled.get(operation) ?? TypeCompiler.Compile<TSchema>(SCHEMAS[operation])
  compiled.set(operation, checker)
  return checker
}

/** Compiles what the first requests would otherwise wait for. */
export function compileSchemas(): void {
  checkerFor('create')
  checkerFor('count_tokens')
}

/** Makes sure, in place, that a body has its operation's schema; else a 400 that names the first wrong field. */
export function checkShape<Asked extends Operation>(
  operation: Asked,
  body: unknown,
): asserts body is Requests[Asked] {
  const checker = checkerFor(operation)
  if (checker.Check(body)) return
  const error = checker.Errors(body).First()
  throw refusal(
    body,
    error ? explain(error, !isChatOption(error)) : { path: [], words: 'Input is not valid' },
  )
}

/** Chat completions' own fields are told by the path that the client wrote. */
const isChatOption = ({ path }: ValueError): boolean => CHAT_FIELDS.has(path.split('/')[1] ?? '')
const CHAT_FIELDS: ReadonlySet<string> = new Set([...CHAT_OPTIONS, 'openrouter'])

/** The failure that a complaint about the raw body becomes. */
export function refusal(body: unknown, { path, words }: Complaint): Failure {
  const address = formatPath(toMergedPath(path, body as { readonly messages: readonly Message[] }))
  return invalidRequest(address === '' ? words : `${address}: ${words}`)
}

/**
 * Anthropic merges neighbouring messages of one role before it looks at them, so its paths count merged messages.
 * What stands before the place of the first complaint is in order, hence can be merged.
 */
function toMergedPath(path: Path, body: { readonly messages: readonly Message[] }): Path {
  const [field, index, inside, block, ...rest] = path
  if (field !== 'messages' || index === undefined) return path
  const before = mergeTurns(body.messages.slice(0, Number(index)))
  const turn = before.at(-1)
  const joins = turn && turn.role !== 'system' && turn.role === body.messages[Number(index)]?.role
  if (!joins) return [field, before.length, ...path.slice(2)]
  const merged = [field, before.length - 1]
  if (inside !== 'content' || block === undefined) return [...merged, ...path.slice(2)]
  return [...merged, inside, turn.content.length + Number(block), ...rest]
}
