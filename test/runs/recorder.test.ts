import { describe, expect, test } from 'bun:test'

import { createRecorder } from '../../src/runs/recorder.ts'

const record = (maxBytes = 1_000_000) => createRecorder(maxBytes)
const text = (content: string) => ({ choices: [{ index: 0, delta: { content } }] })

describe('a recording', () => {
  test('has both sides of the request and of the answer', () => {
    const recorder = record()
    recorder.request({ model: 'big', messages: [] })
    recorder.call('{"model":"test/model"}', { id: 'msg_1' })
    recorder.chunks([text('Hel')])
    recorder.chunks([text('lo'), '[DONE]'])
    recorder.answer(() => ({ id: 'msg_1' }))
    expect(recorder.read()).toEqual({
      request: { model: 'big', messages: [] },
      upstream_request: { model: 'test/model' },
      terms: { id: 'msg_1' },
      chunks: [text('Hel'), text('lo'), '[DONE]'],
      message: { id: 'msg_1' },
      left_out: [],
    })
  })

  test('is of the call that answered', () => {
    const recorder = record()
    recorder.call('{"model":"first"}', {})
    recorder.chunks([text('no')])
    recorder.call('{"model":"second"}', {})
    recorder.chunks([text('yes')])
    expect(recorder.read()).toMatchObject({ upstream_request: { model: 'second' }, chunks: [text('yes')] })
  })

  test('leaves out what is too large, and says so', () => {
    const recorder = record(100)
    recorder.request({ messages: 'x'.repeat(200) })
    recorder.answer(() => ({ content: 'small' }))
    expect(recorder.read()).toMatchObject({
      request: null,
      message: { content: 'small' },
      left_out: ['request'],
    })
  })

  test('shows no secret, not even one that came in pieces', () => {
    const recorder = record()
    recorder.request({
      model: 'big',
      metadata: { user_id: 'somebody' },
      messages: [{ role: 'user', content: 'my key is sk-or-v1-0123456789' }],
      tools: [{ api_key: 'hunter2' }],
    })
    recorder.chunks([text('it is sk-o'), text('r-v1-0123'), text('456789')])
    recorder.answer(() => ({ content: [{ text: 'it is sk-or-v1-0123456789' }] }))
    const recording = recorder.read()
    expect(JSON.stringify(recording)).not.toMatch(/0123456789|456789|hunter2|somebody/)
    expect(recording.left_out).toEqual(['chunks'])
  })

  test('of a request that was refused has what there was', () => {
    const recorder = record()
    recorder.request({ model: 1 })
    expect(recorder.read()).toMatchObject({
      request: { model: 1 },
      message: null,
      chunks: null,
      left_out: [],
    })
  })
})
