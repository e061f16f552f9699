import type { Fetch } from './client.ts'

export interface ProbedUpstream {
  readonly baseUrl: string
  readonly apiKey: string | undefined
  readonly openrouter: boolean
}

/** What an upstream said when it was asked for nothing. */
export interface UpstreamState {
  readonly status: number
  readonly isKeyAccepted: boolean
}

/**
 * Asks an upstream something that costs nothing: OpenRouter about the key, others for their models. Throws where it
 * cannot be reached.
 */
export async function probeUpstream(
  { baseUrl, apiKey, openrouter }: ProbedUpstream,
  fetch: Fetch,
  signal: AbortSignal,
): Promise<UpstreamState> {
  const response = await fetch(`${baseUrl}/${openrouter && apiKey ? 'key' : 'models'}`, {
    headers: apiKey ? { authorization: `Bearer ${apiKey}` } : {},
    signal,
  })
  await response.body?.cancel()
  return { status: response.status, isKeyAccepted: response.status !== 401 && response.status !== 403 }
}
