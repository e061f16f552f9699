import type { Caller } from '../core/caller.ts'
import { Failure } from '../core/errors.ts'
import { type Choose, compilePattern } from '../translate/choice.ts'
import type { Target } from '../translate/target.ts'
import type { MessagesRequest } from '../wire/anthropic/request.ts'
import type { Services } from './services.ts'

/** Whether messages of a caller that name a model are sent: its key allows that, and its account reaches it. */
export function modelFilter(
  caller: Caller | undefined,
  { choose, upstreams }: Pick<Services, 'choose' | 'upstreams'>,
): (name: string) => boolean {
  const allows = listFilter(caller, choose)
  return (name) => allows(name) && reaches(caller, upstreams.of(choose(name).upstream))
}

/**
 * Whether a key's list has a model by a name. It may name a model as clients do or as the upstream does: who may ask
 * `small` may ask what it stands for.
 */
function listFilter(caller: Caller | undefined, choose: Choose): (name: string) => boolean {
  const patterns = caller?.models
  if (!patterns) return () => true
  const fits = [...patterns, ...patterns.map((pattern) => choose(pattern).model)].map(compilePattern)
  return (name) => [name, choose(name).model].some((known) => fits.some((fit) => fit(known.toLowerCase())))
}

/** Makes sure that a caller may ask these models. */
export function checkModels(names: readonly string[], caller: Caller | undefined, choose: Choose): void {
  const allows = listFilter(caller, choose)
  const refused = names.find((name) => !allows(name))
  if (refused === undefined) return
  throw new Failure(
    'permission_error',
    `model: this key may not use ${JSON.stringify(refused)}; it may use ${caller?.models?.join(', ') || 'no model'}`,
  )
}

/** Every model that a request itself names: its own, those to fall back on, and OpenRouter's option `models`. */
export function namedModels(
  { model, fallbacks, openrouter, ...fields }: MessagesRequest,
  headerOptions: Readonly<Record<string, unknown>>,
): readonly string[] {
  const options = [openrouter?.['models'], fields['models'], headerOptions['models']].flat()
  const others = Array.isArray(fallbacks) ? fallbacks.map((other) => other.model) : []
  return [model, ...others, ...options.filter((name) => typeof name === 'string')]
}

/** The headers that put a call on the caller's own account, where the caller has one. */
export function accountHeaders(
  target: Pick<Target, 'openrouter' | 'model'>,
  caller: Caller | undefined,
): Readonly<Record<string, string>> {
  if (!reaches(caller, target))
    throw new Failure(
      'permission_error',
      `model: a key of OpenRouter's own reaches only its models, and ${JSON.stringify(target.model)} is asked elsewhere`,
    )
  return caller?.upstreamKey === undefined ? NO_HEADERS : { authorization: `Bearer ${caller.upstreamKey}` }
}

/** A caller's own account is one of OpenRouter's. */
const reaches = (caller: Caller | undefined, { openrouter }: { readonly openrouter: boolean }): boolean =>
  openrouter || caller?.upstreamKey === undefined

const NO_HEADERS = Object.freeze({})
