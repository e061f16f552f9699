import {
  API_VERSIONS,
  type ApiVersion,
  type ClientProtocol,
  DEFAULT_PROTOCOL,
  type Fields,
} from '../core/context.ts'
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
    version: given !== null && isVersion(given) ? given : DEFAULT_PROTOCOL.version,
    betas: splitList(headers.get('anthropic-beta')),
    sessionId: headers.get('x-claude-code-session-id') ?? undefined,
    agentId: headers.get('x-claude-code-agent-id') ?? undefined,
    route: headers.get('x-route') ?? undefined,
    cacheControl: headers.get('cache-control') ?? undefined,
    options: readOptions(headers),
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

/** Headers that set an option of the answering service: `x-openrouter-<name>`, with `-` or `_` in the name. */
const OPTION_PREFIX = 'x-openrouter-'
const NO_OPTIONS: Fields = {}

/** The options that headers set, under their names with `_`; nothing is known here of what they mean. */
function readOptions(headers: Headers): Fields {
  let options: Record<string, unknown> | undefined
  for (const name of headers.keys()) {
    if (!name.startsWith(OPTION_PREFIX)) continue
    const option = name.slice(OPTION_PREFIX.length).replaceAll('-', '_')
    options = { ...options, [option]: toValue(headers.get(name) ?? '') }
  }
  return options ?? NO_OPTIONS
}

/** JSON, or else the text itself; so is an id that only looks like a number, being too long for one. */
function toValue(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    return Number.isInteger(value) && !Number.isSafeInteger(value) ? text : value
  } catch {
    return text
  }
}
