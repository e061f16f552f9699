import { expect, test } from 'bun:test'

import { createTestApp } from './app.ts'

test("a client's own OpenRouter key is never kept for later, so it cannot create batches", async () => {
  const { ask } = createTestApp({ OPENROUTER_PASS_THROUGH: 'true', OPENROUTER_API_KEY: 'operators' })
  for (const [path, body] of [
    ['/v1/messages/batches', { requests: [{ custom_id: 'a', params: {} }] }],
    ['/v1/messages/batch', { messages: [{}] }],
  ] as const) {
    const response = await ask(path, {
      method: 'POST',
      headers: { 'x-api-key': 'sk-or-v1-0123456789abcdef' },
      body: JSON.stringify(body),
    })
    expect(response.status).toBe(403)
    expect(await response.json()).toMatchObject({ error: { type: 'permission_error' } })
  }
})
