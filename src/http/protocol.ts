import { API_VERSIONS, type ApiVersion, type ClientProtocol } from '../core/context.ts'
import { invalidRequest } from '../core/errors.ts'

/** What a request's headers say about its body. Only `strict` insists on a version. */
export function readProtocol(headers: Headers, strict: boolean): ClientProtocol {
  const given = headers.get('anthropic-version')
  if (strict && given === null) throw invalidRequest('anthropic-version: header is required')
  if (strict && given !== null && !isVersion(given))
    throw invalidRequest(
      `anthropic-version: '${given}' is not a valid version; known are ${API_VERSIONS.join(' and ')}`,
    )
  return {
    version: given !== null && isVersion(given) ? given : '2023-06-01',
    betas: splitList(headers.get('anthropic-beta')),
    sessionId: headers.get('x-claude-code-session-id') ?? undefined,
    agentId: headers.get('x-claude-code-agent-id') ?? undefined,
    options: {},
  }
}

const isVersion = (value: string): value is ApiVersion => (API_VERSIONS as readonly string[]).includes(value)

const splitList = (value: string | null): readonly string[] =>
  value === null
    ? []
    : value
        .split(',')
        .map((item) => item.trim())
        .filter((item) => item !== '')
