import { Type } from '@sinclair/typebox'

import { defineTool } from './tool.ts'

export const webFetch = defineTool({
  name: 'WebFetch',
  description:
    'Reads a page or a PDF file of the public web by its full address; pages come as Markdown. Only fetch addresses ' +
    'that the user gave, or that a search or another page has shown.',
  input: Type.Object({
    url: Type.String({ description: 'The complete address, beginning with https://' }),
    prompt: Type.Optional(Type.String({ description: 'What you want to know from the page' })),
  }),
  parallelSafe: true,
  perMinute: 30,
  risk: 'Makes requests to public addresses that the model chooses, never to private ones.',
  async run({ url, prompt }, { helpers }) {
    const page = await helpers.fetchPage(url)
    if (prompt === undefined || typeof page === 'string') return page
    return [...page, { type: 'text', text: `Of this page you wanted to know: ${prompt}` }]
  },
})
