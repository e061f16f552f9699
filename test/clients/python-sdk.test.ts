import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { join } from 'node:path'

import { startServer, type TestServer } from '../support/server.ts'

const PYTHON = process.env['PYTHON'] || 'python3'
const HAS_SDK =
  Bun.which(PYTHON) !== null &&
  Bun.spawnSync([PYTHON, '-c', 'import anthropic'], { stderr: 'ignore' }).success

const TIMEOUT_MS = 60_000

describe("C185 Anthropic's Python SDK, checking all types", () => {
  if (!HAS_SDK) {
    test.skip('is not installed: set PYTHON to an interpreter that has it, see docs/clients.md', () => {})
    return
  }

  let server: TestServer
  /** What each check of python_sdk.py saw. */
  let seen: Record<string, any>

  beforeAll(async () => {
    server = await startServer({ UPSTREAM_RETRIES: '0' })
    const child = Bun.spawn([PYTHON, join(import.meta.dir, 'python_sdk.py'), server.url], {
      env: { PATH: process.env['PATH'] ?? '' },
      stdout: 'pipe',
      timeout: TIMEOUT_MS,
    })
    seen = JSON.parse(await new Response(child.stdout).text())
  }, TIMEOUT_MS)

  afterAll(async () => {
    await server.stop()
  })

  test('C27 creates a message', () => {
    expect(seen['create']).toMatchObject({
      type: 'message',
      content: [
        { type: 'thinking', thinking: 'Let me think.' },
        { type: 'text', text: 'Hello, world.' },
        { type: 'tool_use', name: 'weather', input: { city: 'Paris' } },
        { type: 'tool_use', name: 'weather', input: { city: 'Oslo' } },
      ],
      stop_reason: 'tool_use',
    })
  })

  test('streams the message that create returns', () => {
    const { types, message } = seen['stream']
    expect(message).toMatchObject({ ...seen['create'], id: expect.stringMatching(/^msg_/) })
    expect(types[0]).toBe('message_start')
    expect(types.at(-1)).toBe('message_stop')
  })

  test('does both asynchronously', () => {
    expect(seen['create_and_stream_asynchronously']).toEqual(['Hello.', 'Hello.'])
  })

  test('runs tools in a loop', () => {
    expect(seen['run_tools']).toEqual({ asked: ['Paris', 'Oslo', 'Rome'], text: 'At last, Rome: sunny' })
  })

  test('parses structured output', () => {
    expect(seen['parse']).toEqual({ city: 'Paris', people: 2 })
  })

  test('counts tokens', () => {
    const [few, more] = seen['count_tokens']
    expect(few).toBeGreaterThan(4)
    expect(more).toBeGreaterThan(few)
  })

  test('lists models page by page and retrieves one', () => {
    const { whole, paged, one } = seen['list_models']
    expect(whole).toContain('big')
    expect(paged).toEqual(whole)
    expect(one).toBe('anthropic/claude-sonnet-4')
  })

  test('meets errors', () => {
    expect(seen['meet_errors']).toEqual([
      ['BadRequestError', 400, 'invalid_request_error', true],
      ['PermissionDeniedError', 403, 'permission_error', true],
      ['RateLimitError', 429, 'rate_limit_error', true],
      ['InternalServerError', 500, 'api_error', true],
      ['OverloadedError', 529, 'overloaded_error', true],
    ])
  })

  test('meets an error on the way, after the text that came before', () => {
    expect(seen['meet_error_in_stream']).toEqual({ texts: ['It breaks'], type: 'api_error' })
  })

  test('succeeds by trying again', () => {
    expect(seen['try_again']).toBe('It works again.')
  })
})
