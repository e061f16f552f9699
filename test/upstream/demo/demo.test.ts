import { beforeEach, describe, expect, test } from 'bun:test'

import { sse, textChunks } from '../../../src/upstream/demo/chunks.ts'
import { type Demo, createDemo } from '../../../src/upstream/demo/demo.ts'
import { MODEL, ask, askWhole, chatRequest, deltasWith, hear } from './ask.ts'

let demo: Demo
beforeEach(() => {
  demo = createDemo()
})

const errorOf = async (request: Request): Promise<{ status: number; message: string; code: number }> => {
  const response = await demo(request)
  const { error } = (await response.json()) as any
  return { status: response.status, message: error.message, code: error.code }
}

describe('without a script', () => {
  test('streams an answer that explains itself and quotes the user', async () => {
    const heard = await ask(demo, { messages: [{ role: 'user', content: 'What is 2+2?' }] })
    expect(heard.text).toContain('built-in demo upstream')
    expect(heard.text).toContain('export OPENROUTER_API_KEY=')
    expect(heard.text).toContain('“What is 2+2?”')
    expect(heard.comments).toEqual([': OPENROUTER PROCESSING'])
    expect(heard.chunks.length).toBeGreaterThan(5)
    expect(heard.finish).toBe('stop')
    expect(heard.done).toBe(true)
  })

  test('quotes a short piece of the newest text that a person wrote', async () => {
    const messages = [
      { role: 'user', content: 'earlier' },
      { role: 'assistant', content: 'yes' },
      {
        role: 'user',
        content: [
          { type: 'text', text: '<system-reminder>\nbe nice\n</system-reminder>' },
          { type: 'text', text: `list   the files ${'x'.repeat(200)}` },
          { type: 'text', text: '<system-reminder>again</system-reminder>\n' },
        ],
      },
    ]
    const { text } = await ask(demo, { messages })
    expect(text).toMatch(/“list the files x{65}…”/)
    expect(text).not.toContain('be nice')
  })

  test('says what the newest tool said', async () => {
    const messages = [
      { role: 'user', content: 'run it' },
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: 'a', type: 'function', function: { name: 'Bash', arguments: '{}' } }],
      },
      { role: 'tool', tool_call_id: 'a', content: [{ type: 'text', text: '42 files' }] },
    ]
    expect((await ask(demo, { messages })).text).toContain('The last tool said: “42 files”')
  })

  test('gives the same answer to the same request, under a new generation id', async () => {
    const [one, two] = await Promise.all([demo(chatRequest({})), demo(chatRequest({}))])
    const ids = [one.headers.get('x-generation-id'), two.headers.get('x-generation-id')]
    expect(ids[0]).toStartWith('gen-')
    expect(ids[0]).not.toBe(ids[1])
    const first = await one.text()
    expect(first).toContain(`"id":"${ids[0]}"`)
    expect(first.replaceAll(String(ids[0]), '')).toBe((await two.text()).replaceAll(String(ids[1]), ''))
  })

  test('says the same without a stream', async () => {
    const whole = await askWhole(demo, {})
    const heard = await ask(demo, {})
    expect(whole).toMatchObject({ object: 'chat.completion', model: MODEL, provider: 'Demo' })
    expect(whole.choices).toEqual([
      {
        index: 0,
        message: { role: 'assistant', content: heard.text },
        finish_reason: 'stop',
        native_finish_reason: 'end_turn',
        logprobs: null,
      },
    ])
    expect(whole.usage).toEqual(heard.usage)
  })

  test('goes on from a prefill without repeating it', async () => {
    const question = { role: 'user', content: 'Hi' }
    const { text } = await ask(demo, { messages: [question] })
    const prefill = { role: 'assistant', content: text.slice(0, 30) }
    expect((await ask(demo, { messages: [question, prefill] })).text).toBe(text.slice(30))
  })

  test.each([
    [{ enabled: true }, true],
    [{ effort: 'low' }, true],
    [{ max_tokens: 2000 }, true],
    [{ effort: 'none' }, false],
    [{ effort: 'high', exclude: true }, false],
    [{ enabled: false }, false],
  ])('reasons where %j asks for it', async (reasoning, reasons) => {
    const heard = await ask(demo, { reasoning })
    expect(deltasWith(heard, 'reasoning').length > 0).toBe(reasons)
    expect(heard.usage.completion_tokens_details.reasoning_tokens > 0).toBe(reasons)
  })

  test('calls the tool that tool_choice leaves no way around', async () => {
    const tools = ['Read', 'Grep'].map((name) => ({
      type: 'function',
      function: {
        name,
        parameters: { type: 'object', properties: { path: { type: 'string' } }, required: ['path'] },
      },
    }))
    const callOf = async (tool_choice: unknown) =>
      (await askWhole(demo, { tools, tool_choice })).choices[0].message.tool_calls?.[0].function
    expect(await callOf('required')).toEqual({ name: 'Read', arguments: '{"path":"demo"}' })
    expect((await callOf({ type: 'function', function: { name: 'Grep' } })).name).toBe('Grep')
    expect(await callOf('auto')).toBeUndefined()
    expect((await ask(demo, { tools, tool_choice: 'required' })).finish).toBe('tool_calls')
  })

  test('answers with a minimal instance of a JSON schema', async () => {
    const schema = { type: 'object', properties: { title: { type: 'string' } }, required: ['title'] }
    const response_format = { type: 'json_schema', json_schema: { name: 'title', schema } }
    const { text } = await ask(demo, { response_format })
    expect(JSON.parse(text)).toEqual({ title: 'demo' })
    const messages = [
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: '{' },
    ]
    expect((await ask(demo, { response_format, messages })).text).toBe('"title":"demo"}')
  })

  test('answers with some JSON object where the format asks for no more', async () => {
    const { text } = await ask(demo, { response_format: { type: 'json_object' } })
    expect(JSON.parse(text).answer).toContain('demo upstream')
  })
})

describe('limits', () => {
  test('ends before a stop sequence, also one that arrives in pieces', async () => {
    const { text, finish, chunks } = await ask(demo, { stop: ['never said', 'upstream, not a model'] })
    expect(text).toBe('This is the built-in demo ')
    expect(finish).toBe('stop')
    expect(chunks.flatMap((chunk) => chunk.choices[0]?.native_finish_reason ?? [])).toEqual(['stop_sequence'])
  })

  test('ends with length when the tokens run out', async () => {
    const heard = await ask(demo, { max_tokens: 5 })
    expect(heard.text).toBe('This is the built-in')
    expect(heard.finish).toBe('length')
    expect(heard.usage.completion_tokens).toBe(5)
    expect((await ask(demo, { max_completion_tokens: 2 })).text).toBe('This is ')
  })

  test('spends the tokens on reasoning first', async () => {
    const heard = await ask(demo, { max_tokens: 3, reasoning: { enabled: true } })
    expect(heard.text).toBe('')
    expect(heard.finish).toBe('length')
  })
})

describe('usage', () => {
  const long = { role: 'system', content: 'a'.repeat(4000) }
  const marked = (text: string) => ({
    role: 'user',
    content: [{ type: 'text', text, cache_control: { type: 'ephemeral' } }],
  })

  test('counts about four characters a token and prices them', async () => {
    const { usage } = await ask(demo, { messages: [long] })
    expect(usage.prompt_tokens).toBeWithin(1000, 1020)
    expect(usage.total_tokens).toBe(usage.prompt_tokens + usage.completion_tokens)
    expect(usage.prompt_tokens_details).toMatchObject({ cached_tokens: 0, cache_write_tokens: 0 })
    expect(usage.cost).toBeCloseTo(usage.prompt_tokens * 3e-6 + usage.completion_tokens * 15e-6, 9)
  })

  test('costs nothing on a free variant and something on an unknown model', async () => {
    expect((await ask(demo, { model: 'deepseek/deepseek-r1:free' })).usage.cost).toBe(0)
    expect((await ask(demo, { model: 'someone/unknown' })).usage.cost).toBeGreaterThan(0)
  })

  test('reads a marked prefix from the cache when it was seen before', async () => {
    const first = await ask(demo, { messages: [long, marked('one')] })
    const grown = [
      long,
      { role: 'user', content: 'one' },
      { role: 'assistant', content: 'yes' },
      marked('two'),
    ]
    const second = await ask(demo, { messages: grown })
    const written = first.usage.prompt_tokens_details.cache_write_tokens
    expect(written).toBeGreaterThan(1000)
    expect(second.usage.prompt_tokens_details.cached_tokens).toBe(written)
    expect(second.usage.prompt_tokens_details.cache_write_tokens).toBeWithin(1, 40)
    expect(second.usage.cost).toBeLessThan(first.usage.cost)
  })

  test('caches nothing for unmarked requests, other models and other prefixes', async () => {
    await ask(demo, { messages: [long, marked('one')] })
    const cachedOf = async (body: Record<string, unknown>) =>
      (await ask(demo, body)).usage.prompt_tokens_details.cached_tokens
    expect(await cachedOf({ messages: [long, { role: 'user', content: 'one' }] })).toBe(0)
    expect(await cachedOf({ model: 'google/gemini-2.5-flash', messages: [long, marked('one')] })).toBe(0)
    expect(await cachedOf({ messages: [{ ...long, content: 'b' }, marked('one')] })).toBe(0)
    expect(await cachedOf({ messages: [long, marked('one')] })).toBeGreaterThan(1000)
  })

  test('counts a picture by a flat figure, not by its bytes', async () => {
    const picture = {
      type: 'image_url',
      image_url: { url: `data:image/png;base64,${'A'.repeat(400_000)}` },
    }
    const { usage } = await ask(demo, { messages: [{ role: 'user', content: [picture] }] })
    expect(usage.prompt_tokens).toBeLessThan(1100)
  })
})

describe('routes and refusals', () => {
  test('lists models shaped as OpenRouter lists them', async () => {
    const response = await demo(new Request('http://demo.local/api/v1/models'))
    const { data } = (await response.json()) as { data: any[] }
    const ids = data.map((model) => model.id)
    expect(ids).toContain('anthropic/claude-sonnet-4')
    expect(ids).toContain('anthropic/claude-3.7-sonnet')
    for (const vendor of ['anthropic', 'openai', 'google', 'deepseek'])
      expect(ids.filter((id) => id.startsWith(`${vendor}/`)).length).toBeGreaterThan(1)
    for (const model of data) {
      expect(model.description).toContain('Demo data')
      expect(Number(model.pricing.prompt)).toBeGreaterThan(0)
      expect(model.pricing.prompt).not.toContain('e')
      expect(model.architecture.input_modalities).toContain('text')
      expect(model.supported_parameters).toContain('tools')
      expect(model.context_length).toBeGreaterThan(model.top_provider.max_completion_tokens)
    }
  })

  test.each([
    ['GET', '/api/v1/chat/completions'],
    ['POST', '/api/v1/models'],
    ['GET', '/api/v1/key'],
  ])('answers %s %s with 404', async (method, path) => {
    expect(await errorOf(new Request(`http://demo.local${path}`, { method }))).toEqual({
      status: 404,
      message: 'Not Found',
      code: 404,
    })
  })

  test.each([
    ['demo/missing-model', 400, 'demo/missing-model is not a valid model ID'],
    ['demo/missing-endpoints', 404, 'No endpoints found for demo/missing-endpoints.'],
  ])('refuses the model %s', async (model, status, message) => {
    expect(await errorOf(chatRequest({ model }))).toEqual({ status, message, code: status })
  })

  test.each([
    [{ messages: undefined }, 'Input required: specify "prompt" or "messages"'],
    [{ messages: [] }, 'Input required: specify "prompt" or "messages"'],
    [{ messages: [{ role: 'user', content: 5 }] }, 'messages.0.content: Expected union value'],
    [{ max_tokens: 0 }, 'max_tokens: Expected union value'],
  ])('refuses %j', async (body, message) => {
    expect(await errorOf(chatRequest(body))).toEqual({ status: 400, message, code: 400 })
  })

  test('refuses a body that is not JSON', async () => {
    const request = new Request('http://demo.local/chat/completions', { method: 'POST', body: '{' })
    expect(await errorOf(request)).toMatchObject({ status: 400 })
  })

  test('does without what OpenRouter does without', async () => {
    const request = new Request('http://demo.local/v1/chat/completions', {
      method: 'POST',
      body: JSON.stringify({ messages: [{ role: 'user', content: null }], stop: null, tools: null }),
    })
    expect(((await (await demo(request)).json()) as any).choices[0].finish_reason).toBe('stop')
  })
})

test('builders make a stream that reads as an answer', async () => {
  const stream = sse([...textChunks('Grüße an 🌍 alle', 4), '[DONE]'])
  const heard = await hear(new Response(stream))
  expect(heard).toMatchObject({ text: 'Grüße an 🌍 alle', finish: 'stop', done: true })
  expect(heard.chunks.length).toBe(1 + 4 + 2)
  expect(heard.usage.completion_tokens).toBeGreaterThan(0)
})
