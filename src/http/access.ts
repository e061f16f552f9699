import { createHash, timingSafeEqual } from 'node:crypto'

import { Failure } from '../core/errors.ts'

export interface AccessRules {
  /** Keys that clients may use; none means that any key, and none at all, will do. */
  readonly keys: readonly string[]
  /** Origins of web pages that may call this server; `*` for all. */
  readonly corsOrigins: readonly string[]
}

export interface Access {
  /** Throws where a request of the API must not be answered; else says whose it is. */
  check(request: Request): string
  /** CORS headers for an allowed origin; nothing for anyone else. */
  corsHeaders(request: Request): Record<string, string>
  /** The answer to a browser's preflight request. */
  preflight(request: Request): Response
}

export function createAccess(rules: AccessRules): Access {
  const digests = rules.keys.map(digest)
  const isOpen = digests.length === 0
  const allows = (origin: string): boolean =>
    rules.corsOrigins.includes('*') || rules.corsOrigins.includes(origin)

  const corsHeaders = (request: Request): Record<string, string> => {
    const origin = request.headers.get('origin')
    if (origin === null || !allows(origin)) return {}
    return {
      'access-control-allow-origin': origin,
      'access-control-expose-headers': EXPOSED_HEADERS,
      vary: 'origin',
    }
  }
  return {
    check(request) {
      refuseForeignOrigin(request, isOpen, allows)
      return isOpen ? ANYONE : checkKey(request, digests)
    },
    corsHeaders,
    preflight(request) {
      const headers = corsHeaders(request)
      if (Object.keys(headers).length === 0) return new Response(null, { status: 403 })
      return new Response(null, {
        status: 204,
        headers: {
          ...headers,
          'access-control-allow-methods': 'GET, POST, DELETE, OPTIONS',
          'access-control-allow-headers': request.headers.get('access-control-request-headers') ?? '*',
          'access-control-max-age': '600',
        },
      })
    },
  }
}

const EXPOSED_HEADERS = [
  'request-id',
  'retry-after',
  'x-should-retry',
  'age',
  'x-cache',
  'x-cache-saved-cost',
  'x-compat-warnings',
  'x-generation-id',
  'x-openrouter-cost',
  'x-openrouter-model',
  'x-openrouter-provider',
].join(', ')

/** A page of another site could otherwise spend money through a server that listens on the reader's own machine. */
function refuseForeignOrigin(request: Request, isOpen: boolean, allows: (origin: string) => boolean): void {
  const origin = request.headers.get('origin')
  if (origin === null || allows(origin) || isOwnPage(origin, request, isOpen)) return
  throw new Failure(
    'permission_error',
    `origin: pages of ${origin} may not call this server; name it in CORS_ORIGINS to allow it`,
  )
}

/**
 * Whether the page came from this server. A foreign page can make its own host name lead here (DNS rebinding), so a
 * server without keys trusts only names that nobody else can give away.
 */
function isOwnPage(origin: string, request: Request, isOpen: boolean): boolean {
  const page = URL.parse(origin)
  if (page === null || page.host !== request.headers.get('host')) return false
  return !isOpen || OWN_NAME.test(page.hostname)
}

/** `localhost` and numeric addresses. */
const OWN_NAME = /^(?:localhost|.+\.localhost|[\d.]+|\[.+\])$/

/** The owner of everything on a server without keys. */
const ANYONE = 'anyone'

/** Either header may hold the key, whichever SDK it comes from (Anthropic API, §0.2). */
function checkKey(request: Request, digests: readonly Buffer[]): string {
  const { headers } = request
  const bearer = /^bearer\s+(.+)$/i.exec(headers.get('authorization') ?? '')?.[1]
  const given = [headers.get('x-api-key'), bearer].filter((key): key is string => Boolean(key))
  if (given.length === 0) throw new Failure('authentication_error', 'x-api-key header is required')
  const known = given.map((key) => digest(key.trim())).find((candidate) => isKnown(candidate, digests))
  if (!known) throw new Failure('authentication_error', 'API key is invalid.')
  return `key-${known.toString('hex').slice(0, 16)}`
}

const digest = (key: string): Buffer => createHash('sha256').update(key).digest()

/** Compares with every key in full, so that the time tells nothing. */
const isKnown = (given: Buffer, digests: readonly Buffer[]): boolean =>
  digests.reduce((known, candidate) => timingSafeEqual(given, candidate) || known, false)
