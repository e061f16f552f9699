/**
 * What we read of an upstream answer. Everything is nullish: OpenRouter and its providers add and omit as they
 * like (openrouter §4, §5), so these are types for reading, never a gate.
 */
export interface Chunk {
  readonly id?: string | null
  /** `error` where vLLM and others report one at the top level. */
  readonly object?: string | null
  readonly model?: string | null
  readonly provider?: string | null
  readonly service_tier?: string | null
  readonly choices?: readonly Choice[] | null
  readonly usage?: ChatUsage | null
  readonly error?: ChatError | string | null
  /** What the provider was sent, in a chunk of its own, for requests with `debug`. */
  readonly debug?: unknown
}

export interface Choice {
  readonly index?: number | null
  readonly delta?: Delta | null
  /** A whole answer (`stream: false`) has `message` where a chunk has `delta`. */
  readonly message?: Delta | null
  readonly finish_reason?: string | null
  /** The provider's own word, e.g. `end_turn`, `MAX_TOKENS`, `MALFORMED_FUNCTION_CALL`. */
  readonly native_finish_reason?: string | null
  readonly logprobs?: unknown
  readonly error?: ChatError | string | null
}

export interface Delta {
  readonly content?: string | readonly ContentPart[] | null
  readonly reasoning?: string | null
  /** What DeepSeek, vLLM, llama.cpp and others call `reasoning`. */
  readonly reasoning_content?: string | null
  readonly reasoning_details?: readonly ReasoningDetail[] | null
  readonly refusal?: string | null
  readonly tool_calls?: readonly ToolCallDelta[] | null
  /** What older servers send in place of `tool_calls`. */
  readonly function_call?: ToolCallDelta['function']
  readonly annotations?: readonly unknown[] | null
  readonly images?: readonly unknown[] | null
  readonly audio?: { readonly transcript?: string | null } | null
}

/** A part of an answer's content: text, or a thought (`thinking` at Mistral, `reasoning` at Databricks). */
export interface ContentPart {
  readonly type?: string | null
  readonly text?: string | null
  readonly thinking?: string | readonly ContentPart[] | null
  readonly summary?: readonly ContentPart[] | null
  readonly signature?: string | null
}

export interface ToolCallDelta {
  readonly index?: number | null
  readonly id?: string | null
  readonly type?: string | null
  readonly function?: {
    readonly name?: string | null
    /** JSON text; some providers send the object itself. */
    readonly arguments?: string | Readonly<Record<string, unknown>> | null
  } | null
}

/** One entry of `reasoning_details`; unknown keys are carried through the client and back unchanged. */
export interface ReasoningDetail {
  readonly type?: string
  readonly text?: string | null
  readonly summary?: string | null
  readonly data?: string | null
  readonly signature?: string | null
  readonly format?: string | null
  readonly id?: string | null
  readonly index?: number | null
  readonly [key: string]: unknown
}

/** `prompt_tokens` includes cached and cache-written tokens, `completion_tokens` includes reasoning. */
export interface ChatUsage {
  readonly prompt_tokens?: number | null
  readonly completion_tokens?: number | null
  readonly prompt_tokens_details?: {
    readonly cached_tokens?: number | null
    readonly cache_write_tokens?: number | null
  } | null
  readonly completion_tokens_details?: { readonly reasoning_tokens?: number | null } | null
  readonly server_tool_use_details?: { readonly web_search_requests?: number | null } | null
  readonly server_tool_use?: { readonly web_search_requests?: number | null } | null
  /** USD. */
  readonly cost?: number | null
}

/** An upstream error object, in a body or in the middle of a stream (openrouter §6.1). */
export interface ChatError {
  readonly code?: number | string | null
  readonly message?: string | null
  readonly error_type?: string | null
  readonly http_status?: number | null
  readonly type?: string | null
  readonly metadata?: {
    readonly error_type?: string | null
    readonly provider_name?: string | null
    readonly provider_code?: string | number | null
    readonly raw?: unknown
    readonly [key: string]: unknown
  } | null
  readonly availability?: {
    readonly code?: string | null
    readonly retryable?: boolean | null
    readonly retry_after?: number | null
    /** What ruled every provider out, e.g. `context_length`. */
    readonly excluded_by?: readonly string[] | null
  } | null
  /** llama.cpp's numbers of a prompt that is too long. */
  readonly n_prompt_tokens?: number | null
  readonly n_ctx?: number | null
}
