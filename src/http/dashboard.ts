import { Elysia } from 'elysia'

import { createAsset } from './asset.ts'
import { ICON, PAGE } from './dashboard/page.ts'
import { openOperation } from './openapi/operation.ts'

import styles from './dashboard/app.css' with { type: 'file' }

/** Nothing but this server, no script but its own file, and no frame around it. */
const SECURITY_HEADERS = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; '),
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
}

/** GET /dashboard. The page holds no data and no secret; what it asks for later needs the operator's key. */
export function dashboardRoutes() {
  const page = createAsset('text/html; charset=utf-8', () => PAGE)
  const icon = createAsset('image/svg+xml', () => ICON)
  const style = createAsset('text/css; charset=utf-8', async () => Bun.file(styles).bytes())
  // Loaded late: from source it is bundled then, which the start must not wait for.
  const script = createAsset(
    'text/javascript; charset=utf-8',
    async () => (await import('./dashboard/files.ts')).SCRIPT,
  )
  return new Elysia({ name: 'dashboard' })
    .get('/dashboard', async ({ request }) => page(request, SECURITY_HEADERS), { detail: GET_DASHBOARD })
    .get('/dashboard/app.js', async ({ request }) => script(request), { detail: { hide: true } })
    .get('/dashboard/app.css', async ({ request }) => style(request), { detail: { hide: true } })
    .get('/dashboard/icon.svg', async ({ request }) => icon(request), { detail: { hide: true } })
}

const GET_DASHBOARD = openOperation({
  operationId: 'getDashboard',
  tag: 'Operation',
  summary: 'What the server does, as a page to look at',
  answer: {
    description: 'A page for browsers',
    content: { 'text/html': { schema: { type: 'string' } } },
  },
})
