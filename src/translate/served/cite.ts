import type { WebCitation, WebSearchResult } from '../../wire/anthropic/server-results.ts'
import { fromPageToken, toPageToken } from './page-token.ts'

/** As much of a page as a citation quotes (Anthropic API: up to 150 characters). */
const MAX_CITED_CHARS = 150

/** The pages that a text names by their addresses, each once, in the order of their first mention. */
export function findCitations(text: string, pages: readonly WebSearchResult[]): readonly WebCitation[] {
  const mentioned = new Map<string, { readonly at: number; readonly page: WebSearchResult }>()
  for (const page of pages) {
    const at = mentioned.has(page.url) ? -1 : placeOf(page.url, text)
    if (at >= 0) mentioned.set(page.url, { at, page })
  }
  return [...mentioned.values()].toSorted((a, b) => a.at - b.at).map(({ page }) => toCitation(page))
}

/** Where an address stands in a text, and is not the beginning of a longer one. */
function placeOf(url: string, text: string): number {
  const bare = url.replace(/\/$/, '')
  for (let at = text.indexOf(bare); at >= 0; at = text.indexOf(bare, at + 1))
    if (/^\/?(?:[^\w/%?&=#-]|$)/.test(text.slice(at + bare.length, at + bare.length + 2))) return at
  return -1
}

function toCitation({ url, title, encrypted_content }: WebSearchResult): WebCitation {
  const cited_text = (fromPageToken(encrypted_content) ?? '').slice(0, MAX_CITED_CHARS)
  return {
    type: 'web_search_result_location',
    url,
    title,
    cited_text,
    encrypted_index: toPageToken(cited_text),
  }
}
