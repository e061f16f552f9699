import { Elysia } from 'elysia'
import favicon from 'swagger-ui-dist/favicon-32x32.png' with { type: 'file' }
import bundle from 'swagger-ui-dist/swagger-ui-bundle.js' with { type: 'file' }

import { createAsset } from './asset.ts'
import initScript from './docs/init.js' with { type: 'file' }
import { PAGE } from './docs/page.ts'
import { openOperation } from './openapi/operation.ts'

import pageStyles from './docs/page.css' with { type: 'file' }
import styles from 'swagger-ui-dist/swagger-ui.css' with { type: 'file' }

const SCRIPT = 'text/javascript; charset=utf-8'
const STYLE = 'text/css; charset=utf-8'

/** What the page loads: name below /docs, media type, and where the file lies inside the program. */
const FILES = [
  ['swagger-ui-bundle.js', SCRIPT, bundle],
  ['swagger-ui.css', STYLE, styles],
  ['favicon.png', 'image/png', favicon],
  ['init.js', SCRIPT, initScript],
  ['page.css', STYLE, pageStyles],
] as const

/** Nothing but this server, and no script that is not one of its files. Swagger UI sets styles on its elements. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "font-src 'self' data:",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ')

/** GET /docs: Swagger UI over /openapi.json, complete inside the program, so that it needs no network. */
export function docsRoutes() {
  const page = createAsset('text/html; charset=utf-8', () => PAGE)
  const app = new Elysia({ name: 'docs' }).get(
    '/docs',
    async ({ request }) => page(request, { 'content-security-policy': CONTENT_SECURITY_POLICY }),
    { detail: GET_DOCS },
  )
  for (const [name, type, path] of FILES) {
    const file = createAsset(type, async () => Bun.file(path).bytes())
    app.get(`/docs/${name}`, async ({ request }) => file(request), { detail: { hide: true } })
  }
  return app
}

const GET_DOCS = openOperation({
  operationId: 'getDocs',
  tag: 'Server',
  summary: 'This document as a page to read and try',
  answer: {
    description: 'A page for browsers',
    content: { 'text/html': { schema: { type: 'string' } } },
  },
})
