import type { Choice } from '../translate/choice.ts'
import { type ModelFacts, type Target, toTarget } from '../translate/target.ts'
import type { MessagesRequest } from '../wire/anthropic/request.ts'
import type { ModelRecord } from '../wire/openrouter/models.ts'
import type { ServerTools } from './served/services.ts'
import type { NamedUpstream, Services } from './services.ts'

type Asked = Pick<MessagesRequest, 'model' | 'fallbacks'>
type Mapping = Pick<Services, 'choose' | 'upstreams' | 'serverTools'>

/** The first requests wait a moment for the lists of models, which say what may be asked of each. */
export async function awaitModels({ upstreams }: Pick<Services, 'upstreams'>): Promise<void> {
  const unread = upstreams.all.flatMap(({ catalogue }): Promise<void> | [] => catalogue.ready() ?? [])
  if (unread.length > 0) await Promise.all(unread)
}

/**
 * Whom a request goes to, and whom next if that one does not begin to answer. OpenRouter tries models of its own in
 * turn, so those that directly follow the first one travel with it.
 */
export function findTargets({ model, fallbacks }: Asked, services: Mapping): readonly [Target, ...Target[]] {
  const first = services.choose(model)
  if (!fallbacks && first.fallbacks.length === 0) return [loneTarget(first, services)]
  const asked = Array.isArray(fallbacks) ? fallbacks.map((other) => other.model) : []
  const others = [...asked, ...first.fallbacks].map((name) => services.choose(name))
  const passedOn = isPassedOn(first, services) ? others.findIndex((other) => !isBeside(first, other)) : 0
  const native = passedOn < 0 ? others : others.slice(0, passedOn)
  return [
    targetOf(
      first,
      native.map((other) => other.model),
      services,
    ),
    ...others.slice(native.length).map((other) => targetOf(other, [], services)),
  ]
}

const isPassedOn = (first: Choice, { upstreams }: Mapping): boolean =>
  first.wire === 'chat' && upstreams.of(first.upstream).openrouter

const isBeside = (first: Choice, other: Choice): boolean =>
  other.upstream === first.upstream && other.wire === first.wire

/** What was made of a choice, and from what; the same name is the same choice every time. */
interface Made {
  readonly upstream: NamedUpstream
  readonly record: ModelRecord | undefined
  readonly target: Target
}
const MADE = new WeakMap<Choice, Made>()

/** A target without fallbacks, made anew only when the catalogue has changed. */
function loneTarget(choice: Choice, services: Mapping): Target {
  const upstream = services.upstreams.of(choice.upstream)
  const record = upstream.catalogue.record(choice.model)
  const made = MADE.get(choice)
  if (made?.upstream === upstream && made.record === record) return made.target
  const target = targetOf(choice, [], services)
  MADE.set(choice, { upstream, record, target })
  return target
}

function targetOf(choice: Choice, fallbacks: readonly string[], { upstreams, serverTools }: Mapping): Target {
  const { openrouter, catalogue } = upstreams.of(choice.upstream)
  const record = catalogue.record(choice.model)
  return toTarget(choice.model, openrouter, {
    facts: record ? toFacts(record) : {},
    fallbacks,
    upstream: choice.upstream,
    wire: choice.wire,
    options: choice.options,
    cacheBreakpoints: choice.cacheBreakpoints,
    serverTools: choice.serverTools,
    webTools: whoRunsWebTools(openrouter, serverTools),
  })
}

/** A search that nobody can make is refused, and not left to a model that would make up what it found. */
function whoRunsWebTools(openrouter: boolean, { webTools }: ServerTools): Target['webTools'] {
  if (openrouter && webTools !== 'server') return 'hosted'
  return webTools === 'openrouter' ? 'none' : 'served'
}

/** A catalogue record as the translation reads it. */
export function toFacts(record: ModelRecord): ModelFacts {
  const { reasoning } = record
  return dropEmpty({
    contextTokens: record.context_length,
    maxOutputTokens: record.top_provider?.max_completion_tokens,
    inputModalities: record.architecture?.input_modalities,
    supportedParameters: record.supported_parameters,
    reasoning: reasoning
      ? dropEmpty({
          supportedEfforts: reasoning.supported_efforts,
          defaultEnabled: reasoning.default_enabled,
          supportsMaxTokens: reasoning.supports_max_tokens,
          mandatory: reasoning.mandatory,
        })
      : undefined,
  })
}

type WithoutNull<Fields> = { [Key in keyof Fields]?: NonNullable<Fields[Key]> }

const dropEmpty = <Fields extends object>(fields: Fields): WithoutNull<Fields> =>
  Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined && value !== null),
  ) as WithoutNull<Fields>
