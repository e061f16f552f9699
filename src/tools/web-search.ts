import { Type } from '@sinclair/typebox'

import { defineTool } from './tool.ts'

const domains = (description: string) => Type.Optional(Type.Array(Type.String(), { description }))

export const webSearch = defineTool({
  name: 'WebSearch',
  description:
    'Searches the web and returns pages with their titles, addresses and what they say about the query. Use it for ' +
    'what may have changed since your training. Name every page that you use as a Markdown link with its full address.',
  input: Type.Object({
    query: Type.String({ minLength: 2, description: 'What to look for' }),
    allowed_domains: domains('Only pages of these domains'),
    blocked_domains: domains('No pages of these domains'),
  }),
  parallelSafe: true,
  perMinute: 30,
  risk: 'Tells a search service what is looked for.',
  async run({ query, allowed_domains = [], blocked_domains = [] }, { helpers }) {
    return helpers.searchWeb({ query, allowedDomains: allowed_domains, blockedDomains: blocked_domains })
  },
})
