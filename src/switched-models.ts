import type { Config } from './config/schema.ts'
import type { SwitchedModels } from './http/server.ts'

export interface ModelSwitch extends SwitchedModels {
  /** The configuration with the switched models in the place of its own. */
  apply(config: Config): Config
}

/** Lets the operator put other models behind the aliases while the server runs; `onChange` puts them to use. */
export function createModelSwitch(onChange: () => void): ModelSwitch {
  const models: Partial<Record<'big' | 'small', string>> = {}
  return {
    models,
    change(alias, model) {
      if (model === undefined) delete models[alias]
      else models[alias] = model
      onChange()
    },
    apply: (config) => ({
      ...config,
      anthropicModel: models.big ?? config.anthropicModel,
      anthropicSmallFastModel: models.small ?? config.anthropicSmallFastModel,
    }),
  }
}
