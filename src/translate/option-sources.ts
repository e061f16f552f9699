import type { Fields, Warning } from '../core/context.ts'
import type { MessagesRequest } from '../wire/anthropic/request.ts'
import { BODY_FIELDS, CHAT_OPTIONS, ChatOptions, REFUSED, SHARED_NAMES } from '../wire/openrouter/options.ts'
import type { Target } from './target.ts'

type Options = Record<string, unknown>

/** Who may set a chat option. A stronger source that names one, be it as null, hides the weaker ones. */
export interface OptionSources {
  /** The body's `openrouter`, the strongest; after it come the body's own fields. */
  readonly inside: Fields
  /** `x-openrouter-<name>` headers. */
  readonly headers: Fields
  /** What the operator set for the model, the weakest. */
  readonly model: Fields
}

/** The sources of one request's options; `headers` as `ClientProtocol` holds them. */
export const findSources = (request: MessagesRequest, headers: Fields, target: Target): OptionSources => ({
  inside: request.openrouter ?? NOTHING,
  headers: readHeaderOptions(headers),
  model: target.options,
})

const NOTHING: Fields = {}

/** Stop sequences of all sources, `stop` being chat completions' name for them; none hides another. */
export function everyStop(
  request: MessagesRequest,
  { inside, headers, model }: OptionSources,
): readonly string[] {
  const stops: string[] = []
  for (const given of [request.stop_sequences, request.stop, inside['stop'], headers['stop'], model['stop']])
    for (const stop of Array.isArray(given) ? given : [given]) if (typeof stop === 'string') stops.push(stop)
  return stops
}

/** Whether the answer shall hold what Anthropic's has no place for. */
export const wantsDetails = ({ inside, headers, model }: OptionSources): boolean =>
  (inside['details'] ?? headers['details'] ?? model['details']) === true

/** Names that other code reads, or that are refused: they never go upstream by themselves. */
const TAKEN: ReadonlySet<string> = new Set([
  'stop',
  'tools_extra',
  'details',
  'response_cache',
  ...Object.keys(BODY_FIELDS),
  ...Object.keys(REFUSED),
])
const IS_CHAT_OPTION: ReadonlySet<string> = new Set(CHAT_OPTIONS)
const IS_SHARED: ReadonlySet<string> = new Set(SHARED_NAMES)

/** What the client itself asked for, which wins over what its Anthropic fields mean. */
export function clientOptions(request: MessagesRequest, { inside, headers }: OptionSources): Options {
  const options: Options = {}
  const beside: Fields = request
  if (namesAny(inside) || namesAny(beside) || namesAny(headers))
    for (const name of CHAT_OPTIONS)
      set(options, name, name in inside ? inside[name] : (beside[name] ?? maskedBy(beside, name, headers)))
  for (const name in inside)
    if (!IS_CHAT_OPTION.has(name) && !TAKEN.has(name)) set(options, name, inside[name])
  if (!namesToolChoice(request, inside)) set(options, 'tool_choice', headers['tool_choice'])
  return options
}

/** Most requests name none, and looking at what they have is quicker than looking for each option. */
function namesAny(fields: Fields): boolean {
  for (const name in fields) if (IS_CHAT_OPTION.has(name)) return true
  return false
}

/** null beside Anthropic's fields says that the header's value is not wanted. */
const maskedBy = (stronger: Fields, name: string, weaker: Fields): unknown =>
  stronger[name] === undefined ? weaker[name] : undefined

/** What the operator wants of this model, where no stronger source names it. */
export function modelOptions(request: MessagesRequest, { inside, headers, model }: OptionSources): Options {
  const options: Options = {}
  for (const name in model) {
    const isNamed = name in inside || (request as Fields)[name] !== undefined || name in headers
    if (!isNamed && !TAKEN.has(name) && !IS_SHARED.has(name)) set(options, name, model[name])
  }
  if (!namesToolChoice(request, inside) && !('tool_choice' in headers))
    set(options, 'tool_choice', model['tool_choice'])
  return options
}

const namesToolChoice = (request: MessagesRequest, inside: Fields): boolean =>
  request.tool_choice !== undefined || 'tool_choice' in inside

/** Fields that mean the same to Anthropic, so that they may stand in for one that the body leaves out. */
const STAND_INS = SHARED_NAMES.filter((name) => !['max_tokens', 'stop', 'tool_choice'].includes(name))

/** The request, completed by what headers and operator say of fields that Anthropic has, too. */
export function withStandIns(
  request: MessagesRequest,
  { inside, headers, model }: OptionSources,
): MessagesRequest {
  let completed = request
  for (const name of STAND_INS) {
    const value = name in headers ? headers[name] : model[name]
    if (value === undefined || request[name] !== undefined || name in inside) continue
    completed = { ...completed, [name]: value }
  }
  return completed
}

// — headers —

/** Headers of this prefix that OpenRouter itself reads (openrouter §1.2). */
const UPSTREAM_HEADERS: ReadonlySet<string> = new Set([
  'title',
  'categories',
  'metadata',
  'experimental_metadata',
  'cache',
  'cache_ttl',
  'cache_clear',
])

/** The name of a header that sets an option. */
export const toHeaderName = (option: string): string => `x-openrouter-${option.replaceAll('_', '-')}`

/** The options among the headers. */
export function readHeaderOptions(headers: Fields): Fields {
  const options: Options = {}
  for (const name in headers) if (isOption(name)) options[name] = toValue(name, headers[name])
  return options
}

const isOption = (name: string): boolean =>
  Object.hasOwn(ChatOptions.properties, name) && !UPSTREAM_HEADERS.has(name) && name !== 'tools_extra'

/** Where an option is text, `42` and `true` are text as well. */
const toValue = (name: string, value: unknown): unknown =>
  TEXT_OPTIONS.has(name) && (typeof value === 'number' || typeof value === 'boolean') ? String(value) : value

const TEXT_OPTIONS: ReadonlySet<string> = new Set(
  Object.entries(ChatOptions.properties)
    .filter(([, field]) => field.anyOf[0].type === 'string')
    .map(([name]) => name),
)

/** Headers that are passed on as they are; only OpenRouter knows them. */
export function upstreamHeaders(headers: Fields, target: Target): Record<string, string> {
  const passed: Record<string, string> = {}
  if (!target.openrouter) return passed
  for (const name in headers)
    if (UPSTREAM_HEADERS.has(name)) passed[toHeaderName(name)] = toText(headers[name])
  return passed
}

const toText = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))

/** What a client asks for by options and headers of OpenRouter's, and does not get (openrouter §1.2, §7.9). */
export function findOptionLosses(request: MessagesRequest, headers: Fields, target: Target): OptionLoss[] {
  const losses: OptionLoss[] = []
  for (const name in headers) {
    const message = headerLoss(name, target)
    if (message !== undefined) losses.push({ path: `header ${toHeaderName(name)}`, message })
  }
  const asker = [request.openrouter?.debug, request.debug, headers['debug']].findIndex(Boolean)
  const path = DEBUG_PATHS[asker]
  if (path !== undefined && request.stream !== true)
    losses.push({ path, message: 'has an effect only with `stream: true`', harmless: true })
  return losses
}

type OptionLoss = Warning & { readonly harmless?: true }

const DEBUG_PATHS = ['openrouter.debug', 'debug', `header ${toHeaderName('debug')}`] as const

/** Who asks at OpenRouter is of no interest to others. */
const ATTRIBUTION: ReadonlySet<string> = new Set(['title', 'categories'])

function headerLoss(name: string, target: Target): string | undefined {
  if (UPSTREAM_HEADERS.has(name))
    return target.openrouter || ATTRIBUTION.has(name)
      ? undefined
      : "is not sent: this model's upstream is not OpenRouter"
  return isOption(name) ? undefined : 'is not the name of an option, and is not sent'
}

function set(options: Options, name: string, value: unknown): void {
  if (value !== undefined && value !== null) options[name] = value
}
