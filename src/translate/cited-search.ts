import { closeBlock, emit, openBlock, type Out, type State } from './answer-state.ts'
import { type CitedPage, toCitedPages } from './served/annotations.ts'
import { toPageToken } from './served/page-token.ts'
import { toServedId } from './served/served-id.ts'
import type { AnswerTerms } from './terms.ts'

/**
 * What an upstream has searched by itself (openrouter §7.5): its annotations become the citations of the text, and a
 * search with its results, for a client that asked for Anthropic's web search. What was looked for nobody tells.
 */

/** Takes in a delta's annotations. Before any block they show the search at once; else it waits for the end. */
export function addAnnotations(
  before: State,
  annotations: readonly unknown[],
  terms: AnswerTerms,
  out: Out,
): State {
  const known = new Set(before.pages.map(({ url }) => url))
  const pages = toCitedPages(annotations).filter(({ url }) => !known.has(url) && known.add(url))
  if (pages.length === 0) return before
  const state = { ...before, pages: [...before.pages, ...pages] }
  const isFirst = state.nextIndex === 0 && !state.run && state.waiting === ''
  return isFirst ? showSearch(state, terms, out) : state
}

/** A search and its results, as soon as nothing stands open; what is shown is not shown again. */
export function showSearch(state: State, terms: AnswerTerms, out: Out): State {
  const pages = state.pages.slice(state.shownPages)
  if (pages.length === 0) return state
  const id = toServedId(`${terms.id.replace(/^msg_/, '')}_${state.shownPages}`, 'srvtoolu')
  const opened = openBlock(
    state,
    'tool',
    { type: 'server_tool_use', id, name: 'web_search', input: {}, caller: { type: 'direct' } },
    terms,
    out,
  )
  emit(opened, { type: 'input_json_delta', partial_json: '{"query":""}' }, out)
  const result = openBlock(
    closeBlock(opened, out),
    'tool',
    { type: 'web_search_tool_result', tool_use_id: id, content: pages.map(toResult) },
    terms,
    out,
  )
  return { ...closeBlock(result, out), shownPages: state.pages.length }
}

const toResult = ({ url, title, text }: CitedPage) => ({
  type: 'web_search_result' as const,
  url,
  title: title || url,
  encrypted_content: toPageToken(text),
  page_age: null,
})

/** As much of a page as a citation quotes (Anthropic API: up to 150 characters). */
const MAX_CITED_CHARS = 150

/** The citations of the open text; each page is cited once. */
export function cite(state: State, out: Out): State {
  for (const { url, title, text } of state.pages.slice(state.citedPages)) {
    const cited_text = text.slice(0, MAX_CITED_CHARS)
    emit(
      state,
      {
        type: 'citations_delta',
        citation: {
          type: 'web_search_result_location',
          url,
          title: title || null,
          cited_text,
          encrypted_index: toPageToken(cited_text),
        },
      },
      out,
    )
  }
  return { ...state, citedPages: state.pages.length }
}
