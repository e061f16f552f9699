import type { Caller } from './caller.ts'

/** The eight steps of a request. The trace and the log show exactly these names. */
export const STEPS = [
  'validate',
  'map-model',
  'cache',
  'convert',
  'call',
  'tools',
  'continue',
  'respond',
] as const
export type StepName = (typeof STEPS)[number]

export type Fields = Readonly<Record<string, unknown>>

export interface Logger {
  debug(event: string, fields?: Fields): void
  info(event: string, fields?: Fields): void
  warn(event: string, fields?: Fields): void
  error(event: string, fields?: Fields): void
}

/** Something a client asked for that is not done as Anthropic would; the answer comes all the same. */
export interface Warning {
  /** Where in the request, e.g. `tools.2.input_examples`. */
  readonly path: string
  /** What becomes of it. */
  readonly message: string
}

export interface Trace {
  /** Times one named step that is done at once. */
  step<T>(name: StepName, run: () => T): T
  /** Starts a step whose end is somewhere else, such as a stream's; the first call of the result ends it. */
  open(name: StepName, attributes?: Fields): (outcome: Outcome) => void
  /** Says more about the step of that name that began last, such as how often it was tried again. */
  describe(name: StepName, key: string, value: unknown): void
  /** Notes one fact about the request, such as the model it was mapped to; the log line and the trace show it. */
  note(key: string, value: unknown): void
  /** Notes how many milliseconds of the request have passed. */
  stamp(key: string): void
  /** The last value noted under that key. */
  noted(key: string): unknown
  /** Keeps what broke the request off, for those who look for the reason later. */
  fail(error: unknown): void
  /** The W3C `traceparent` of the step that began last and is not over; undefined where nothing is traced. */
  traceparent(): string | undefined
  /** Reports a loss: in the log line, the trace and the answer's `x-compat-warnings` header. */
  warn(warning: Warning): void
}

/** Keeps what is said in one request, where the operator wants that. */
export interface Recorder {
  request(body: unknown): void
  /** What goes upstream, and what its answer must know. A later call takes the place of an earlier one. */
  call(body: string, terms: unknown): void
  /** What one read of the upstream's answer brought. */
  chunks(batch: readonly unknown[]): void
  /** The answer; made when somebody looks. */
  answer(message: () => unknown): void
}

export type Outcome = 'ok' | 'error' | 'cancelled'

/** The two versions of the Messages API that are in use. */
export const API_VERSIONS = ['2023-06-01', '2026-10-21'] as const
export type ApiVersion = (typeof API_VERSIONS)[number]

/** What the request's headers say about how to read its body. */
export interface ClientProtocol {
  readonly version: ApiVersion
  /** Values of all `anthropic-beta` headers. */
  readonly betas: readonly string[]
  /** Claude Code's `x-claude-code-session-id`, used upstream for stickiness. */
  readonly sessionId: string | undefined
  /** Claude Code's `x-claude-code-agent-id`: the request is a sub-agent's. */
  readonly agentId: string | undefined
  /** `x-route`: the route of the operator's that the client wants. */
  readonly route: string | undefined
  /** The `cache-control` header. */
  readonly cacheControl: string | undefined
  /** Chat options from `x-openrouter-<name>` headers (openrouter §7.9). */
  readonly options: Fields
}

/** What holds for a request whose headers say nothing of its body. */
export const DEFAULT_PROTOCOL: ClientProtocol = {
  version: '2023-06-01',
  betas: [],
  sessionId: undefined,
  agentId: undefined,
  route: undefined,
  cacheControl: undefined,
  options: {},
}

/** What one request carries through every layer. Made once in `http/context.ts`, passed on as the last argument. */
export interface RequestContext {
  /** `req_…`: the `request-id` header, the error body's `request_id` and the log's correlation id. */
  readonly id: string
  /** Fires when the client hangs up. */
  readonly signal: AbortSignal
  readonly log: Logger
  readonly trace: Trace
  readonly recorder?: Recorder | undefined
  readonly protocol: ClientProtocol
  /** Whose request it is: a mark of the client's key, never the key. Nothing of one owner is shown to another. */
  readonly owner: string
  /** What the one who asks may do; undefined where that was settled before, as with a batch. */
  readonly caller?: Caller | undefined
}
