import { expect, test } from 'bun:test'

import { createLog } from '../../src/observability/log.ts'
import { renderPretty } from '../../src/observability/pretty.ts'

/** What the log writes for people, without colours. */
function written(log: (log: ReturnType<typeof createLog>) => void): string {
  let text = ''
  const own = createLog({
    level: 'debug',
    write: (lines) => (text += lines),
    now: () => 0,
    render: (entry) => renderPretty(entry, false),
  })
  log(own)
  own.flush()
  return text
}

test('a request is a line that begins with what matters', () => {
  const text = written((log) =>
    log.info('request', {
      request_id: 'req_1',
      method: 'POST',
      path: '/v1/messages',
      status: 200,
      duration_ms: 12,
    }),
  )
  expect(text).toMatch(
    /^\d\d:\d\d:\d\d\.\d{3} info  request POST \/v1\/messages 200 12 ms request_id=req_1\n$/,
  )
})

test('values that are no single word are quoted, and what is absent is left out', () => {
  const text = written((log) => log.warn('odd', { reason: 'two words', model: null, list: [1, 2] }))
  expect(text).toContain('warn  odd reason="two words" list=[1,2]\n')
})

test('secrets are hidden here too', () => {
  const text = written((log) =>
    log.error('tried sk-or-v1-0123456789', { api_key: 'hunter2', error: new Error('Bearer hunter2') }),
  )
  expect(text).not.toMatch(/0123456789|hunter2/)
  expect(text).toContain('[redacted]')
})

test('colours are only used where they are wanted', () => {
  expect(renderPretty({ time: 0, level: 'info', event: 'x' }, true)).toContain('\u001B[')
  expect(renderPretty({ time: 0, level: 'info', event: 'x' }, false)).not.toContain('\u001B[')
})
