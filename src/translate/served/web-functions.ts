import type { ServerTool } from '../../wire/anthropic/tools.ts'

/** A function that a model is offered in the place of one of Anthropic's web tools. */
interface WebFunction {
  readonly description: string
  readonly parameters: Readonly<Record<string, unknown>>
}

const SEARCH: WebFunction = {
  description:
    'Searches the web and returns pages with their titles, addresses and what they say about the query. Use it for ' +
    'what may have changed since your training. Name every page that you use as a Markdown link with its full address.',
  parameters: {
    type: 'object',
    properties: { query: { type: 'string', description: 'What to look for.' } },
    required: ['query'],
  },
}

const FETCH: WebFunction = {
  description:
    'Reads a page or a PDF file of the public web by its full address. Only fetch addresses that the user gave or ' +
    'that a search or another page has shown.',
  parameters: {
    type: 'object',
    properties: { url: { type: 'string', description: 'The complete address, beginning with https://.' } },
    required: ['url'],
  },
}

/** What a model is told of a `web_search_*` or `web_fetch_*` tool, and within which domains it may look. */
export function webFunction({ type, allowed_domains, blocked_domains }: ServerTool): WebFunction {
  const tool = type.startsWith('web_search_') ? SEARCH : FETCH
  const limits = [
    limit('Only these domains are allowed', allowed_domains),
    limit('Never used are', blocked_domains),
  ]
  return { ...tool, description: [tool.description, ...limits].filter((part) => part !== '').join(' ') }
}

const limit = (words: string, domains: readonly string[] | null | undefined): string =>
  domains && domains.length > 0 ? `${words}: ${domains.join(', ')}.` : ''
