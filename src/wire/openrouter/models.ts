/** One record of the upstream's GET /models; every field but `id` may be missing outside OpenRouter. */
export interface ModelRecord {
  readonly id: string
  readonly name?: string | null
  readonly created?: number | null
  readonly context_length?: number | null
  readonly architecture?: { readonly input_modalities?: readonly string[] | null } | null
  readonly top_provider?: { readonly max_completion_tokens?: number | null } | null
  /** US dollars a token, as texts. */
  readonly pricing?: {
    readonly prompt?: string | null
    readonly completion?: string | null
    readonly request?: string | null
    readonly input_cache_read?: string | null
    readonly input_cache_write?: string | null
  } | null
  readonly supported_parameters?: readonly string[] | null
  readonly reasoning?: {
    readonly supported_efforts?: readonly string[] | null
    readonly default_enabled?: boolean | null
    readonly supports_max_tokens?: boolean | null
    readonly mandatory?: boolean | null
  } | null
}
