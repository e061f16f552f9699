import { invalidRequest } from '../../core/errors.ts'
import type { Look, ServedOutput } from '../../translate/served/look.ts'
import { toPageToken } from '../../translate/served/page-token.ts'
import type { Target } from '../../translate/target.ts'
import { kindOf } from '../../translate/tools.ts'
import { searchWeb } from '../../web/search/chain.ts'
import { type FoundPage, isAtDomain, SearchFailure, type SearchLocation } from '../../web/search/search.ts'
import type { Web } from '../../web/web.ts'
import type { ServerTool, Tool } from '../../wire/anthropic/tools.ts'
import { failedOutput } from './failed.ts'
import type { ServedTool, ToolRun } from './tool.ts'

/** What of a request's web tool its runs obey. */
export type WebRules = Pick<
  ServerTool,
  'name' | 'max_uses' | 'allowed_domains' | 'blocked_domains' | 'user_location' | 'max_content_tokens'
>

const SEARCH: Look = { kind: 'server', name: 'web_search' }
const FETCH: Look = { kind: 'server', name: 'web_fetch' }

/** Anthropic's web tools among a request's, where a target leaves them to this server. */
export const webToolsOf = (
  tools: readonly Tool[],
  targets: readonly Target[],
  web: Web,
): readonly ServedTool[] =>
  targets.some(({ webTools, wire }) => wire === 'chat' && webTools === 'served')
    ? tools.flatMap((tool) => {
        const kind = kindOf(tool)
        if (kind === 'web_search') return [searchTool(checkSearch(tool as ServerTool, web), web)]
        return kind === 'web_fetch' ? [fetchTool(tool as ServerTool, web)] : []
      })
    : []

/** A model that cannot search would make up what it found. */
function checkSearch(tool: ServerTool, { searchers }: Web): ServerTool {
  if (searchers.length > 0) return tool
  throw invalidRequest(
    `tools: '${tool.type}': this server has no search service for this model; its operator can set BRAVE_API_KEY, ` +
      'TAVILY_API_KEY, EXA_API_KEY or SEARXNG_URL, or an OpenRouter key',
  )
}

/** Counts uses; false when there is none left. */
const countUses = (max: number | null | undefined): (() => boolean) => {
  let left = max ?? Infinity
  return () => left-- > 0
}

// — search —

const MAX_RESULTS = 8
const MAX_QUERY_CHARS = 1000

export function searchTool(rules: WebRules, web: Web): ServedTool {
  const mayGoOn = countUses(rules.max_uses)
  return {
    name: rules.name,
    look: SEARCH,
    parallelSafe: true,
    async run({ query }, run) {
      if (typeof query !== 'string' || query.trim() === '')
        return failedOutput(SEARCH, 'invalid_tool_input', 'The search needs a `query`, a text.')
      if (query.length > MAX_QUERY_CHARS)
        return failedOutput(
          SEARCH,
          'query_too_long',
          `The query is longer than ${MAX_QUERY_CHARS} characters.`,
        )
      if (!mayGoOn()) return failedOutput(SEARCH, 'max_uses_exceeded', spent('searches', rules))
      return search(query, rules, web, run)
    },
  }
}

const spent = (what: string, { max_uses: max }: WebRules): string =>
  `This request allows ${max} ${what}, and all of them were made. Answer with what you have.`

async function search(query: string, rules: WebRules, web: Web, run: ToolRun): Promise<ServedOutput> {
  const { allowed_domains, blocked_domains, user_location } = rules
  try {
    const pages = await searchWeb(
      {
        query,
        maxResults: MAX_RESULTS,
        allowedDomains: allowed_domains ?? [],
        blockedDomains: blocked_domains ?? [],
        location: (user_location ?? undefined) as SearchLocation | undefined,
        signal: run.signal,
      },
      web.searchers,
    )
    return { isError: false, shown: pages.map(toResult) }
  } catch (error) {
    if (!(error instanceof SearchFailure)) throw error
    run.context.log.warn('web-search-failed', { error: error.message })
    return failedOutput(SEARCH, error.code, `Nothing was searched: ${error.message}`)
  }
}

const toResult = ({ url, title, text, age }: FoundPage) => ({
  type: 'web_search_result' as const,
  url,
  title: title || url,
  encrypted_content: toPageToken(text),
  page_age: age,
})

// — fetch —

const MAX_CHARS = 100_000
const CHARS_PER_TOKEN = 4

export function fetchTool(rules: WebRules, web: Web): ServedTool {
  const mayGoOn = countUses(rules.max_uses)
  return {
    name: rules.name,
    look: FETCH,
    parallelSafe: true,
    async run({ url }, run) {
      if (typeof url !== 'string' || url === '')
        return failedOutput(FETCH, 'invalid_tool_input', 'The fetch needs a `url`, a complete address.')
      if (!mayGoOn()) return failedOutput(FETCH, 'max_uses_exceeded', spent('fetches', rules))
      return fetchPage(url, rules, web, run)
    },
  }
}

async function fetchPage(url: string, rules: WebRules, web: Web, { signal }: ToolRun): Promise<ServedOutput> {
  const { max_content_tokens: maxTokens } = rules
  const reading = await web.readPage(url, {
    allows: (hop) => isAllowed(hop, rules),
    maxChars: maxTokens ? maxTokens * CHARS_PER_TOKEN : MAX_CHARS,
    signal,
  })
  if ('error' in reading)
    return failedOutput(FETCH, reading.error, `The page was not read: ${reading.detail}.`)
  const retrieved_at = new Date().toISOString()
  return {
    isError: false,
    shown: { type: 'web_fetch_result', url: reading.url, content: reading.page, retrieved_at },
  }
}

function isAllowed({ href }: URL, { allowed_domains: allowed, blocked_domains: blocked }: WebRules): boolean {
  if (allowed && allowed.length > 0 && !isAtDomain(href, allowed)) return false
  return !isAtDomain(href, blocked ?? [])
}
