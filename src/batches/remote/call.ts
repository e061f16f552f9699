/** A call that can be handed over to an upstream's own batch endpoint. */
export interface RemoteCall {
  readonly upstream: string
  readonly model: string
  /** The JSON text of the request, without a model. */
  readonly body: string
}

/** What became of a call that was to be handed over. */
export type RemoteOutcome =
  /** The JSON text of the completion. */
  | { readonly type: 'answered'; readonly completion: string }
  /** The endpoint does not take it: it is made like any other call. */
  | { readonly type: 'refused' }

/** Thrown in the place of an answer: the request goes on when what became of the call is known. */
export class Deferred extends Error {
  override readonly name = 'Deferred'
  readonly call: RemoteCall

  constructor(call: RemoteCall) {
    super('the call is handed over to a batch of the upstream')
    this.call = call
  }
}

/** Fields that the endpoint does not take or that make no sense there. */
const LEFT_OUT: ReadonlySet<string> = new Set([
  'model',
  'stream',
  'stream_options',
  'session_id',
  'usage',
  'plugins',
])
/** Fields that the endpoint does not take, but the request cannot do without. */
const NEEDED = ['provider', 'models', 'route', 'transforms', 'modalities', 'audio']

type Body = Readonly<Record<string, unknown>>

/** The call as the endpoint takes it; undefined for what it does not take: other content than text, other tools than functions. */
export function toRemoteCall(upstream: string, text: string): RemoteCall | undefined {
  const body = JSON.parse(text) as Body
  const { model, messages, tools, plugins } = body
  // A variant of a model excludes the variant for batches.
  if (typeof model !== 'string' || model.includes(':') || model.startsWith('~')) return undefined
  if (NEEDED.some((field) => body[field] !== undefined)) return undefined
  if (!all(messages, isText) || !all(tools ?? [], isFunction) || !all(plugins ?? [], isOff)) return undefined
  const entries = Object.entries(body).filter(([field]) => !LEFT_OUT.has(field))
  return { upstream, model, body: JSON.stringify(Object.fromEntries(entries)) }
}

const all = (values: unknown, holds: (value: Body) => boolean): boolean =>
  Array.isArray(values) && values.every(holds)

const isText = ({ content }: Body): boolean =>
  content === undefined ||
  content === null ||
  typeof content === 'string' ||
  all(content, ({ type }) => type === 'text')

const isFunction = ({ type }: Body): boolean => type === 'function'

const isOff = ({ enabled }: Body): boolean => enabled === false
