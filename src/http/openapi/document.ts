import type { DocumentDecoration } from 'elysia'

import { toComponents } from './components.ts'
import { TAGS } from './operation.ts'

/** A route as Elysia lists it, as far as the document reads it. */
export interface DocumentedRoute {
  readonly method: string
  readonly path: string
  readonly hooks?: { readonly detail?: DocumentDecoration } | undefined
}

/** An OpenAPI 3.1 document. */
export interface Document {
  readonly openapi: string
  readonly info: object
  readonly servers: readonly object[]
  readonly security: readonly object[]
  readonly tags: readonly object[]
  readonly paths: Readonly<Record<string, Readonly<Record<string, object>>>>
  readonly components: Readonly<Record<string, object>>
}

const DESCRIPTION = `
Anthropic's Messages API for any client, answered by any model of OpenRouter or of another OpenAI-compatible server.

- Fields that are not described here are kept, not refused.
- Every failure has the same body, \`ErrorResponse\`.
- The header \`request-id\` names the request, as error bodies and the server's log do. Failures also carry
  \`x-should-retry\`, and \`retry-after\` in seconds where the wait is known.
`.trim()

/** The API of these routes. Routes with \`detail.hide\` are left out; the others are told in their own words. */
export const toDocument = (routes: readonly DocumentedRoute[], version: string): Document => ({
  openapi: '3.1.1',
  info: {
    title: 'OpenRouter Anthropic Server',
    version,
    description: DESCRIPTION,
    license: { name: 'MIT', identifier: 'MIT' },
  },
  servers: [{ url: '/' }],
  // Any one of these; none is needed where the server has no keys of its own.
  security: [{}, { apiKey: [] }, { bearer: [] }],
  tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
  paths: toPaths(routes),
  components: toComponents(),
})

function toPaths(routes: readonly DocumentedRoute[]): Record<string, Record<string, object>> {
  const paths: Record<string, Record<string, object>> = {}
  for (const { method, path, hooks } of routes) {
    const { hide, ...operation } = hooks?.detail ?? {}
    if (hide === true) continue
    const item = (paths[toTemplate(path, operation)] ??= {})
    item[method.toLowerCase()] = operation
  }
  return paths
}

/** `:id` and a closing `*` as `{id}`. A `*` has no name of its own: it gets that of the operation's path parameter. */
function toTemplate(path: string, { parameters = [] }: DocumentDecoration): string {
  const rest = parameters.findLast((parameter) => 'in' in parameter && parameter.in === 'path')
  const name = rest !== undefined && 'name' in rest ? rest.name : '*'
  return path.replaceAll(/:(\w+)/g, '{$1}').replace(/\*$/, `{${name}}`)
}
