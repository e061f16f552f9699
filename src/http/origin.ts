import { Failure } from '../core/errors.ts'
import { ANSWER_HEADERS } from './answer-headers.ts'
import type { Headers } from './respond.ts'

/** Which web pages may call the server. */
export interface Origins {
  /** Throws for a request that a page of another site has made, or that reached the server under a foreign name. */
  check(request: Request, isOpen: boolean): void
  /** CORS headers for an allowed origin; nothing for anyone else. */
  corsHeaders(request: Request): Headers
  /** The answer to a browser's preflight request. */
  preflight(request: Request): Response
}

export interface OriginRules {
  /** Origins of web pages that may call this server; `*` for all. */
  readonly corsOrigins: readonly string[]
  /** Names under which this server is known, besides those that nobody else can give away. */
  readonly allowedHosts: readonly string[]
}

export function createOrigins({ corsOrigins, allowedHosts }: OriginRules): Origins {
  const allows = (origin: string): boolean => corsOrigins.includes('*') || corsOrigins.includes(origin)
  const isForeignName = (name: string): boolean =>
    DOMAIN.test(name) && !OWN_NAME.test(name) && !allowedHosts.includes(name)

  const corsHeaders = (request: Request): Headers => {
    const origin = request.headers.get('origin')
    if (origin === null || !allows(origin)) return {}
    return {
      'access-control-allow-origin': origin,
      'access-control-expose-headers': EXPOSED_HEADERS,
      vary: 'origin',
    }
  }
  return {
    check(request, isOpen) {
      const host = request.headers.get('host')
      if (isOpen && host !== null && isForeignName(nameOf(host))) throw foreignHost(nameOf(host))
      const origin = request.headers.get('origin')
      if (origin === null || allows(origin) || URL.parse(origin)?.host === host) return
      throw foreignOrigin(origin)
    },
    corsHeaders,
    preflight(request) {
      const headers = corsHeaders(request)
      if (Object.keys(headers).length === 0) return new Response(null, { status: 403 })
      return new Response(null, {
        status: 204,
        headers: {
          ...headers,
          'access-control-allow-methods': 'GET, POST, PATCH, DELETE, OPTIONS',
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
  ...ANSWER_HEADERS,
  ...['requests', 'tokens', 'input-tokens', 'output-tokens'].flatMap((kind) =>
    ['limit', 'remaining', 'reset'].map((what) => `anthropic-ratelimit-${kind}-${what}`),
  ),
].join(', ')

/**
 * A foreign page can make a domain of its own lead here (DNS rebinding), and would then spend money through a server
 * that asks for no key. Browsers always name the host; what is no name at all comes from elsewhere.
 */
const DOMAIN = /^[\w-]+(?:\.[\w-]+)*\.[\w-]*[a-z][\w-]*\.?$/

/** Domains that nobody can give away: `localhost`, and `internal`, by which containers reach their host. */
const OWN_NAME = /\.(?:localhost|internal)\.?$/

/** The name in a host header, without its port; an IPv6 address keeps its brackets. */
const nameOf = (host: string): string => host.replace(/:\d*$/, '').toLowerCase()

const foreignHost = (name: string): Failure =>
  new Failure(
    'permission_error',
    `host: this server is not known as ${JSON.stringify(name)}; name it in ALLOWED_HOSTS to allow it, or give the server keys`,
  )

/** A page of another site could otherwise spend money through a server that listens on the reader's own machine. */
const foreignOrigin = (origin: string): Failure =>
  new Failure(
    'permission_error',
    `origin: pages of ${origin} may not call this server; name it in CORS_ORIGINS to allow it`,
  )
