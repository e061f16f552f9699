import type { WebFetchResult } from '../wire/anthropic/server-results.ts'
import { AddressRefused } from './address.ts'
import type { GuardedFetch } from './guarded-fetch.ts'
import { toMarkdown } from './markdown.ts'
import { readBody, TooLarge } from './read-body.ts'

/** Anthropic's words for why a page was not read (Anthropic API, §2.3). */
export type FetchError =
  | 'url_not_allowed'
  | 'url_not_accessible'
  | 'unsupported_content_type'
  | 'content_too_large'
  | 'too_many_requests'
  | 'url_too_long'
  | 'invalid_tool_input'

/** A page, or why there is none; `detail` says more than the code. */
export type PageReading =
  | { readonly page: WebFetchResult['content']; readonly url: string }
  | { readonly error: FetchError; readonly detail: string }

export interface PageLimits {
  readonly timeoutMs: number
  readonly maxBytes: number
}

export interface PageWishes {
  /** Says which hosts may be asked. */
  readonly allows: (url: URL) => boolean
  /** The most characters of a text. */
  readonly maxChars: number
  readonly signal: AbortSignal
}

export type ReadPage = (url: string, wishes: PageWishes) => Promise<PageReading>

/** Reads pages: HTML as Markdown, other text as it is, PDF files whole. Never rejects but for the caller's own signal. */
export const createPageReader =
  (fetch: GuardedFetch, limits: PageLimits): ReadPage =>
  async (url, wishes) => {
    const timeout = AbortSignal.timeout(limits.timeoutMs)
    try {
      return await read(url, wishes, fetch, limits, AbortSignal.any([wishes.signal, timeout]))
    } catch (error) {
      wishes.signal.throwIfAborted()
      return timeout.aborted
        ? { error: 'url_not_accessible', detail: `the page took longer than ${limits.timeoutMs / 1000} s` }
        : toFailure(error)
    }
  }

/** Asks for what is easily read; sites answer programs that say what they are. */
const HEADERS = {
  accept: 'text/markdown, text/html;q=0.9, text/plain;q=0.8, application/pdf;q=0.8, */*;q=0.1',
  'user-agent': 'openrouter-anthropic-server (web fetch)',
}

class HostRefused extends Error {}

async function read(
  text: string,
  { allows, maxChars }: PageWishes,
  fetch: GuardedFetch,
  { maxBytes }: PageLimits,
  signal: AbortSignal,
): Promise<PageReading> {
  const check = (hop: URL): void => {
    if (!allows(hop)) throw new HostRefused(`${hop.hostname} is not among the allowed domains`)
  }
  const { response, url } = await fetch(text, { headers: HEADERS, signal, check })
  if (!response.ok) {
    await response.body?.cancel()
    const detail = `${url} answered with status ${response.status}`
    return { error: response.status === 429 ? 'too_many_requests' : 'url_not_accessible', detail }
  }
  const type = (response.headers.get('content-type') ?? 'text/html').toLowerCase()
  const kind = kindOf(type)
  if (!kind) {
    await response.body?.cancel()
    return { error: 'unsupported_content_type', detail: `${url} is ${type}, neither text nor PDF` }
  }
  return { page: await toPage(kind, await readBody(response, maxBytes), type, url, maxChars), url }
}

type PageKind = 'html' | 'text' | 'pdf'

const KINDS: ReadonlyArray<readonly [RegExp, PageKind]> = [
  [/^(text\/html|application\/xhtml\+xml)/, 'html'],
  [/^application\/pdf/, 'pdf'],
  [/^text\/|^application\/([\w.+-]+\+)?(json|xml|yaml|javascript|toml|x-ndjson)/, 'text'],
]

const kindOf = (type: string): PageKind | undefined => KINDS.find(([pattern]) => pattern.test(type))?.[1]

async function toPage(
  kind: PageKind,
  bytes: Uint8Array,
  type: string,
  url: string,
  maxChars: number,
): Promise<WebFetchResult['content']> {
  if (kind === 'pdf')
    return {
      type: 'document',
      source: { type: 'base64', media_type: 'application/pdf', data: bytes.toBase64() },
      title: null,
      citations: null,
    }
  const text = decode(bytes, type)
  const { title, markdown } = kind === 'html' ? await toMarkdown(text, url) : { title: null, markdown: text }
  const data =
    markdown.length > maxChars
      ? `${markdown.slice(0, maxChars)}\n\n[The page goes on; ${markdown.length - maxChars} characters are left out.]`
      : markdown
  return {
    type: 'document',
    source: { type: 'text', media_type: 'text/plain', data },
    title,
    citations: null,
  }
}

/** In the encoding that the header names; what it names wrongly is read as UTF-8. */
function decode(bytes: Uint8Array, type: string): string {
  const label = /charset="?([\w-]+)/.exec(type)?.[1] ?? 'utf-8'
  try {
    return new TextDecoder(label as 'utf-8').decode(bytes)
  } catch {
    return new TextDecoder().decode(bytes)
  }
}

function toFailure(error: unknown): PageReading {
  const detail = error instanceof Error ? error.message : String(error)
  if (error instanceof TooLarge) return { error: 'content_too_large', detail }
  if (error instanceof HostRefused) return { error: 'url_not_allowed', detail }
  if (error instanceof AddressRefused)
    return { error: /too long/.test(detail) ? 'url_too_long' : 'url_not_allowed', detail }
  return { error: 'url_not_accessible', detail }
}
