import { mapModel, type ModelMap } from '../translate/model.ts'
import { type ModelFacts, type Target, toTarget } from '../translate/target.ts'
import type { Catalogue } from '../upstream/catalogue.ts'
import type { MessagesRequest } from '../wire/anthropic/request.ts'
import type { ModelRecord } from '../wire/openrouter/models.ts'

type Asked = Pick<MessagesRequest, 'model' | 'fallbacks'>

/** Whom a request goes to: the upstream's slug and what is known of that model, and whom next if that one fails. */
export function findTarget({ model, fallbacks }: Asked, models: ModelMap, catalogue: Catalogue): Target {
  const slug = mapModel(model, models)
  const record = catalogue.record(slug)
  const others = Array.isArray(fallbacks) ? fallbacks.map((other) => mapModel(other.model, models)) : []
  return toTarget(slug, models.openrouter, { facts: record ? toFacts(record) : {}, fallbacks: others })
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
