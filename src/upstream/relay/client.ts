import type { RelayedEvent } from '../../wire/anthropic/relayed.ts'
import { eventsOf, isEndMark } from '../answer-body.ts'
import { type AnswerFormat, AnswerReader, type ClientOptions } from '../client.ts'
import { brokenConnection } from '../failure.ts'
import type { Batch, Upstream } from '../upstream.ts'
import { toRelayFailure } from './failure.ts'

/** An upstream that speaks Anthropic's Messages API. A whole answer comes as one item of type `message`. */
export type Relay = Upstream<RelayedEvent>

/** The network client for it: one POST /messages, read event by event as it comes. */
export function createRelay(options: ClientOptions): Relay {
  const reached = { ...options, baseUrl: withVersion(options.baseUrl) }
  return { stream: (call, signal) => new AnswerReader(MESSAGES, reached, call, signal) }
}

/** Anthropic's own clients take a base URL without the version, OpenAI's take one with it. */
const withVersion = (baseUrl: string): string => (/\/v\d+$/.test(baseUrl) ? baseUrl : `${baseUrl}/v1`)

export interface RelayAccess {
  readonly apiKey: string | undefined
  /** OpenRouter takes its key as a bearer token; Anthropic and those who do as it does have a header of their own. */
  readonly dialect: 'openrouter' | 'openai'
  /** The operator's own; they win. */
  readonly headers: Readonly<Record<string, string>>
}

/** The headers that all requests to one upstream have in common. */
export function relayHeaders({ apiKey, dialect, headers }: RelayAccess): Readonly<Record<string, string>> {
  const openrouter = dialect === 'openrouter'
  return {
    'content-type': 'application/json',
    accept: 'text/event-stream, application/json',
    ...(apiKey && openrouter ? { authorization: `Bearer ${apiKey}` } : {}),
    ...(apiKey && !openrouter ? { 'x-api-key': apiKey } : {}),
    ...(openrouter ? { 'x-openrouter-title': 'OpenRouter Anthropic Server' } : {}),
    ...headers,
  }
}

/** OpenRouter's end mark, which Anthropic's streams do not have (openrouter §1.3). */
const END_MARK: RelayedEvent = { type: '[DONE]' }
/** What an object says that is no event. */
const NOTHING: RelayedEvent = { type: 'ping' }

const MESSAGES: AnswerFormat<RelayedEvent> = {
  path: '/messages',
  createParser: () => ({
    parse: (text, from, to) => (isEndMark(text, from, to) ? END_MARK : parseEvent(text.slice(from, to))),
  }),
  isEnd: (event) => event.type === 'message_stop' || event === END_MARK,
  errorIn: (event) => (event.type === 'error' || event.error ? (event.error ?? {}) : undefined),
  endOf: () => undefined,
  saysSomething: (event) => !FRAME.has(event.type),
  isSilent,
  eventsOf: (text) => (text.trimStart().startsWith('{') ? [text] : eventsOf(text)),
  toFailure: toRelayFailure,
}

/** Events around an answer, which are none of it. */
const FRAME: ReadonlySet<string> = new Set(['message_start', 'message_delta', 'ping'])

/** An answer may be empty, but then the upstream tells how it ended. */
function isSilent(batch: Batch<RelayedEvent>): boolean {
  return !batch.some(({ type }) => type === 'message_delta')
}

function parseEvent(data: string): RelayedEvent {
  const event = parseJson(data)
  if (typeof event !== 'object' || event === null || Array.isArray(event))
    throw brokenConnection('the upstream sent something that is not a JSON object')
  if ('type' in event && typeof event.type === 'string')
    // It becomes a line of its own on the way to the client.
    return /[\r\n]/.test(event.type) ? NOTHING : (event as RelayedEvent)
  return 'error' in event ? ({ ...event, type: 'error' } as RelayedEvent) : NOTHING
}

function parseJson(data: string): unknown {
  try {
    return JSON.parse(data)
  } catch {
    return undefined
  }
}
