import { beforeEach, describe, expect, test } from 'bun:test'

import { type Demo, createDemo } from '../../../src/upstream/demo/demo.ts'
import { ask, askWhole, chatRequest, deltasWith, failureOf, script, scriptText } from './ask.ts'

let demo: Demo
let slept: number[]
beforeEach(() => {
  slept = []
  demo = createDemo({
    sleep: async (ms) => {
      slept.push(ms)
    },
  })
})

const answer = (content: string) => ({ role: 'assistant', content })
const callAnswer = (name: string, input: unknown) => ({
  role: 'assistant',
  content: null,
  tool_calls: [{ id: 'call_1', type: 'function', function: { name, arguments: JSON.stringify(input) } }],
})
const result = (content: unknown) => ({ role: 'tool', tool_call_id: 'call_1', content })
const textOf = async (messages: unknown[], body: Record<string, unknown> = {}): Promise<string> =>
  (await ask(demo, { messages, ...body })).text

describe('finding the turn', () => {
  const both = script([{ text: 'one' }], [{ text: 'two' }])

  test('plays as many turns on as answers stand behind the script', async () => {
    expect(await textOf([both])).toBe('one')
    expect(await textOf([both, answer('one'), { role: 'user', content: 'next' }])).toBe('two')
    expect(await textOf([both, answer('one'), result('x'), answer('two'), result('y')])).toBe(
      'The demo script is over.',
    )
  })

  test('does not count answers before the script', async () => {
    expect(await textOf([{ role: 'user', content: 'Hi' }, answer('Hello'), both])).toBe('one')
  })

  test('takes the newest script, and the last one of a message', async () => {
    const newer = { role: 'user', content: scriptText([{ text: 'a' }]) + scriptText([{ text: 'b' }]) }
    expect(await textOf([both, answer('one'), newer])).toBe('b')
  })

  test('reads system texts and text parts among the reminders that clients add', async () => {
    const reminder = { type: 'text', text: '<system-reminder>today is Monday</system-reminder>' }
    const content = [reminder, { type: 'text', text: both.content }, reminder]
    expect(
      await textOf([
        { role: 'user', content },
        { role: 'system', content: [] },
      ]),
    ).toBe('one')
    expect(
      await textOf([
        { role: 'system', content: both.content },
        { role: 'user', content: 'go' },
      ]),
    ).toBe('one')
  })

  test('never reads a script in an answer, a call or a tool result', async () => {
    const other = scriptText([{ text: 'wrong' }])
    const messages = [both, callAnswer('Agent', { prompt: other }), result(other)]
    expect(await textOf(messages)).toBe('two')
    expect(await textOf([{ role: 'user', content: 'Hi' }, answer(other), result(other)])).toContain('“Hi”')
  })

  test('gives a sub-agent the script inside its prompt', async () => {
    const inner = `Work.\n${scriptText([{ text: 'inner says {{last_tool_result}}' }])}`
    const outer = script([{ tool: 'Agent', input: { prompt: inner } }], [{ text: 'outer' }])
    const call = (await askWhole(demo, { messages: [outer] })).choices[0].message.tool_calls[0]
    const { prompt } = JSON.parse(call.function.arguments)
    expect(await textOf([{ role: 'user', content: prompt }])).toBe('inner says (no tool has run)')
  })

  test('goes on from a prefill, or to the next turn when it says everything', async () => {
    const turns = script([{ text: ['Hello ', 'world'] }], [{ text: 'more' }])
    expect(await textOf([turns, answer('Hello w')])).toBe('orld')
    expect(await textOf([turns, answer('{')])).toBe('Hello world')
    expect(await textOf([turns, answer('Hello world')])).toBe('more')
  })
})

describe('text and reasoning', () => {
  test('sends each piece of a text as one chunk', async () => {
    const heard = await ask(demo, { messages: [script([{ text: ['a', 'b'] }, { text: 'c' }])] })
    expect(deltasWith(heard, 'content')).toEqual(['', 'a', 'b', 'c', ''])
  })

  test('reports what the newest tool said', async () => {
    const turns = script([{ tool: 'Bash' }], [{ text: 'It said: {{last_tool_result}}!' }])
    const content = [{ type: 'text', text: 'costs $& 5' }]
    expect(await textOf([turns, callAnswer('Bash', {}), result(content)])).toBe('It said: costs $& 5!')
  })

  test('echoes the request', async () => {
    const body = { messages: [script([{ echo: 'request' }])], temperature: 0.5, provider: { sort: 'price' } }
    const echoed = JSON.parse((await ask(demo, body)).text)
    expect(echoed).toMatchObject(body)
  })

  const detailsOf = async (model: string, ...steps: object[]) => {
    const { message } = (await askWhole(demo, { model, messages: [script(steps)] })).choices[0]
    return { reasoning: message.reasoning, details: message.reasoning_details }
  }
  const thinking = { reasoning: ['let me ', 'see'] }

  test('signs the reasoning of Claude', async () => {
    expect(await detailsOf('anthropic/claude-opus-5.5', thinking)).toEqual({
      reasoning: 'let me see',
      details: [
        {
          type: 'reasoning.text',
          text: 'let me see',
          format: 'anthropic-claude-v1',
          index: 0,
          signature: expect.stringMatching(/^[\w+/=]+$/),
        },
      ],
    })
  })

  test('summarises and encrypts the reasoning of OpenAI', async () => {
    const { details } = await detailsOf('openai/gpt-5.5', thinking)
    expect(details).toEqual([
      {
        type: 'reasoning.summary',
        summary: 'let me see',
        id: 'rs_demo_1_0',
        format: 'openai-responses-v1',
        index: 0,
      },
      {
        type: 'reasoning.encrypted',
        data: expect.any(String),
        id: 'rs_demo_1_0',
        format: 'openai-responses-v1',
        index: 0,
      },
    ])
  })

  test('ties the encrypted reasoning of Gemini to the call that follows', async () => {
    const { details } = await detailsOf('google/gemini-3-pro-preview', thinking, { tool: 'Read', id: 'c9' })
    expect(details).toMatchObject([
      { type: 'reasoning.text', text: 'let me see', format: 'google-gemini-v1' },
      { type: 'reasoning.encrypted', id: 'c9' },
    ])
  })

  test('sends plain reasoning for everybody else', async () => {
    const { reasoning, details } = await detailsOf('deepseek/deepseek-r1', thinking)
    expect(reasoning).toBe('let me see')
    expect(details).toBeUndefined()
  })

  test('takes signature, format and encrypted data from the script', async () => {
    const steps = [
      { reasoning: 'a', signature: 'sig' },
      { reasoning: '', encrypted: 'secret' },
      { reasoning: 'b', signature: null },
      { reasoning: 'c', format: 'unknown' },
    ]
    const { details } = await detailsOf('anthropic/claude-sonnet-4', ...steps)
    expect(details).toMatchObject([
      { index: 0, text: 'a', signature: 'sig' },
      { index: 1, type: 'reasoning.encrypted', data: 'secret', format: 'anthropic-claude-v1' },
      { index: 2, text: 'b' },
      { index: 3, text: 'c', format: 'unknown' },
    ])
    expect(details[2]).not.toHaveProperty('signature')
    expect(details[3]).not.toHaveProperty('signature')
  })
})

describe('tool calls', () => {
  test('opens a call and sends its arguments in pieces', async () => {
    const step = { tool: 'Read', input: { path: 'a.txt' }, id: 'toolu_1', pieces: 3 }
    const heard = await ask(demo, { messages: [script([step])] })
    const [opening, ...rest] = deltasWith(heard, 'tool_calls')
    expect(opening).toEqual({
      index: 0,
      id: 'toolu_1',
      type: 'function',
      function: { name: 'Read', arguments: '' },
    })
    expect(rest).toHaveLength(3)
    expect(rest.map((delta) => delta.function.arguments).join('')).toBe('{"path":"a.txt"}')
    expect(heard.finish).toBe('tool_calls')
  })

  test('sends everything at once for no pieces, and a string as it stands', async () => {
    const steps = [
      { tool: 'A', pieces: 0 },
      { tool: 'B', input: '{"broken', pieces: 0 },
    ]
    const deltas = deltasWith(await ask(demo, { messages: [script(steps)] }), 'tool_calls')
    expect(deltas.map((delta) => [delta.index, delta.function.arguments])).toEqual([
      [0, '{}'],
      [1, '{"broken'],
    ])
  })

  test('interleaves parallel calls', async () => {
    const tools = [
      { tool: 'A', input: { a: 1 }, pieces: 2 },
      { tool: 'B', input: { b: 1 }, pieces: 2 },
    ]
    const deltas = deltasWith(await ask(demo, { messages: [script([{ tools }])] }), 'tool_calls')
    expect(deltas.map((delta) => delta.index)).toEqual([0, 1, 0, 1, 0, 1])
    const whole = (await askWhole(demo, { messages: [script([{ tools }])] })).choices[0].message
    expect(whole.content).toBeNull()
    expect(whole.tool_calls.map((call: any) => call.function)).toEqual([
      { name: 'A', arguments: '{"a":1}' },
      { name: 'B', arguments: '{"b":1}' },
    ])
  })

  test('makes ids that are unique within a conversation', async () => {
    const turns = script([{ tool: 'A' }, { tool: 'A' }], [{ tool: 'A' }])
    const idsOf = async (messages: unknown[]): Promise<string[]> =>
      deltasWith(await ask(demo, { messages }), 'tool_calls').flatMap(({ id }) => id ?? [])
    const ids = [
      ...(await idsOf([turns])),
      ...(await idsOf([turns, callAnswer('A', {}), result('ok'), result('ok')])),
    ]
    expect(new Set(ids).size).toBe(3)
    expect(ids[0]).toMatch(/^toolu_[a-zA-Z0-9_-]+$/)
  })

  test('truncates arguments when the tokens run out', async () => {
    const step = { tool: 'Write', input: { text: 'x'.repeat(100) }, pieces: 4 }
    const heard = await ask(demo, { messages: [script([step])], max_tokens: 10 })
    expect(
      deltasWith(heard, 'tool_calls')
        .map((delta) => delta.function.arguments)
        .join(''),
    ).toHaveLength(40)
    expect(heard.finish).toBe('length')
  })
})

describe('endings', () => {
  const choicesOf = (heard: { chunks: any[] }) => heard.chunks.flatMap((chunk) => chunk.choices ?? [])

  test('ends with the reason and the native word of the script', async () => {
    const heard = await ask(demo, {
      messages: [script([{ text: 'no' }, { finish: 'content_filter', native: 'SAFETY' }])],
    })
    const ends = choicesOf(heard).filter((choice) => choice.finish_reason)
    expect(ends).toMatchObject([{ finish_reason: 'content_filter', native_finish_reason: 'SAFETY' }])
  })

  test('goes on after a finish, and leaves it out for null', async () => {
    const late = await ask(demo, { messages: [script([{ finish: 'stop' }, { text: 'late' }])] })
    expect(late.text).toBe('late')
    expect(choicesOf(late).filter((choice) => choice.finish_reason)).toHaveLength(1)
    const none = await ask(demo, { messages: [script([{ text: 'a' }, { finish: null }])] })
    expect(none.finish).toBeUndefined()
    expect(none.done).toBe(true)
  })

  test('corrects the usage, or leaves it out', async () => {
    const messages = [script([{ text: 'a' }, { usage: { prompt_tokens: 7, cost: 1 } }])]
    expect((await ask(demo, { messages })).usage).toMatchObject({
      prompt_tokens: 7,
      cost: 1,
      completion_tokens: 1,
    })
    const none = await ask(demo, { messages: [script([{ text: 'a' }, { usage: null }])] })
    expect(none.usage).toBeUndefined()
  })

  test('cuts the stream without finish, usage or [DONE]', async () => {
    const heard = await ask(demo, {
      messages: [script([{ text: 'half' }, { cut: true }, { text: 'never' }])],
    })
    expect(heard).toMatchObject({ text: 'half', finish: undefined, usage: undefined, done: false })
    const whole = await demo(
      chatRequest({ messages: [script([{ text: 'half' }, { cut: true }])], stream: false }),
    )
    expect(await whole.json().catch(() => 'no JSON')).toBe('no JSON')
  })

  test('breaks the connection on a reset', async () => {
    for (const stream of [true, false]) {
      const messages = [script([{ text: 'half' }, { cut: 'reset' }])]
      const response = await demo(chatRequest({ messages, stream }))
      expect(await failureOf(response.text())).toBe('The demo script cut the connection.')
    }
  })

  test('waits as long as the script says, before the headers where it comes first', async () => {
    const messages = [script([{ wait_ms: 5 }, { text: 'a' }, { wait_ms: 40 }, { text: 'b' }])]
    const response = await demo(chatRequest({ messages }))
    expect(slept).toEqual([5])
    expect(await response.text()).toStartWith(': OPENROUTER PROCESSING\n\ndata: ')
    expect(slept).toEqual([5, 40])
    expect((await askWhole(demo, { messages })).choices[0].message.content).toBe('ab')
    expect(slept).toEqual([5, 40, 5, 40])
  })

  test('ends a turn that says nothing as an empty answer', async () => {
    const heard = await ask(demo, { messages: [script([])] })
    expect(heard).toMatchObject({ text: '', finish: 'stop', done: true })
  })
})

describe('errors', () => {
  const limited = { status: 429, message: 'Slow down', retry_after: 2 }

  test('refuses with a status when the error comes first', async () => {
    for (const stream of [true, false]) {
      const messages = [script([{ wait_ms: 9 }, { error: limited }])]
      const response = await demo(chatRequest({ messages, stream }))
      expect(response.status).toBe(429)
      expect(response.headers.get('retry-after')).toBe('2')
      expect(response.headers.get('x-generation-id')).toStartWith('gen-')
      expect(await response.json()).toEqual({
        error: {
          code: 429,
          message: 'Slow down',
          metadata: { provider_name: 'Demo', error_type: 'rate_limit_exceeded' },
        },
      })
    }
    expect(slept).toEqual([9, 9])
  })

  test('fails in the middle of a stream with an error chunk and nothing after it', async () => {
    const error = { status: 502, message: 'Provider gone', error_type: 'provider_unavailable' }
    const heard = await ask(demo, { messages: [script([{ text: 'half' }, { error }])] })
    expect(heard.chunks.at(-1)).toMatchObject({
      object: 'chat.completion.chunk',
      error: {
        code: 502,
        message: 'Provider gone',
        metadata: { error_type: 'provider_unavailable' },
      },
      choices: [{ index: 0, delta: { content: '' }, finish_reason: 'error' }],
    })
    expect(heard).toMatchObject({ status: 200, text: 'half', done: false, usage: undefined })
  })

  test('fails a whole answer on the way with status 200', async () => {
    const messages = [script([{ text: 'half' }, { error: { message: 'Gone' } }])]
    const response = await demo(chatRequest({ messages, stream: false }))
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({ error: { code: 500, message: 'Gone' } })
  })

  test('goes on with the following steps once the error was given often enough', async () => {
    const messages = [script([{ error: { ...limited, times: 2 } }, { text: 'at last' }])]
    const statuses = []
    for (let n = 0; n < 4; n++) statuses.push((await demo(chatRequest({ messages }))).status)
    expect(statuses).toEqual([429, 429, 200, 200])
    expect(await textOf(messages)).toBe('at last')
  })

  test('gives several errors one after the other', async () => {
    const down = { status: 503, message: 'Down', times: 2 }
    const messages = [script([{ error: { ...limited, times: 1 } }, { error: down }, { text: 'up' }])]
    const statuses = []
    for (let n = 0; n < 3; n++) statuses.push((await demo(chatRequest({ messages }))).status)
    expect(statuses).toEqual([429, 503, 200])
  })

  test('counts the requests of each turn apart, and of each text around the script', async () => {
    const turn = [{ error: { ...limited, times: 1 } }]
    const turns = script(turn, turn)
    const statusOf = async (...messages: unknown[]) => (await demo(chatRequest({ messages }))).status
    expect([await statusOf(turns), await statusOf(turns)]).toEqual([429, 200])
    expect(await statusOf(turns, answer('one'), { role: 'user', content: 'on' })).toBe(429)
    expect(await statusOf({ ...turns, content: `${turns.content} again` })).toBe(429)
  })
})

describe('bytes of the script', () => {
  test('sends raw chunks verbatim and ends the stream where they do not', async () => {
    const chunk = { choices: [{ delta: { content: 'x', odd: 1 } }] }
    const heard = await ask(demo, { messages: [script([{ chunks: [chunk] }])], max_tokens: 1 })
    expect(heard.chunks[0]).toEqual(chunk)
    expect(heard).toMatchObject({ text: 'x', finish: 'stop', done: true })
    expect(heard.usage.completion_tokens).toBe(1)
  })

  test('adds nothing to chunks that bring finish and usage, or an error', async () => {
    const last = { choices: [{ delta: {}, finish_reason: 'length' }], usage: { prompt_tokens: 1 } }
    const heard = await ask(demo, { messages: [script([{ chunks: [last] }])] })
    expect(heard.chunks).toEqual([last])
    const error = { error: { message: 'tools.0: missing schema', code: 400 } }
    const failed = await ask(demo, { messages: [script([{ chunks: [error] }])] })
    expect(failed.chunks).toEqual([error])
    expect(await askWhole(demo, { messages: [script([{ chunks: [error] }])] })).toEqual(error)
  })

  test('sends raw text before anything else', async () => {
    const messages = [script([{ raw: '<html>Bad gateway</html>' }, { cut: true }])]
    expect(await (await demo(chatRequest({ messages }))).text()).toBe('<html>Bad gateway</html>')
    const whole = await demo(
      chatRequest({ messages: [script([{ raw: '<html>' }, { raw: 'x' }])], stream: false }),
    )
    expect(await whole.text()).toBe('<html>x')
  })

  test('adds nothing after a raw [DONE]', async () => {
    const raw =
      'data: {"choices":[{"delta":{"content":"a"},"finish_reason":"stop"}]}\r\n\r\ndata: [DONE]\r\n\r\n'
    const text = await (await demo(chatRequest({ messages: [script([{ raw }])] }))).text()
    expect(text).toBe(raw)
  })
})

describe('expectations', () => {
  test('lets the turn play when the request holds the text', async () => {
    const messages = [script([{ expect: { contains: '"sort":"price"', lacks: 'top_k' } }, { text: 'fine' }])]
    expect(await textOf(messages, { provider: { sort: 'price' } })).toBe('fine')
  })

  test('says which expectation failed instead', async () => {
    const missing = [script([{ text: 'fine' }, { expect: { contains: 'say "please"\n' } }])]
    expect(await textOf(missing)).toBe(
      'Expectation failed: the request does not contain "say \\"please\\"\\n".',
    )
    expect(await textOf([...missing, { role: 'user', content: 'I say "please"\nnow' }])).toBe('fine')
    const present = [script([{ expect: { lacks: 'top_k' } }])]
    expect(await textOf(present, { top_k: 5 })).toBe('Expectation failed: the request contains "top_k".')
  })

  test('does not find the text in the script itself, nor in one that a call passes on', async () => {
    const inner = scriptText([{ text: 'from the inner script' }])
    const outer = script(
      [{ tool: 'Agent', input: { prompt: inner } }],
      [{ expect: { contains: 'from the inner script' } }, { text: 'seen' }],
    )
    const history = [outer, callAnswer('Agent', { prompt: inner })]
    expect(await textOf([...history, result('nothing')])).toStartWith('Expectation failed')
    expect(await textOf([...history, result('from the inner script')])).toBe('seen')
    const broken = { id: 'call_1', type: 'function', function: { name: 'Agent', arguments: '{"prompt' } }
    expect(await textOf([outer, { role: 'assistant', content: null, tool_calls: [broken] }])).toStartWith(
      'Expectation failed',
    )
  })
})

describe('broken scripts', () => {
  const faultOf = async (content: string): Promise<string> => {
    const response = await demo(chatRequest({ messages: [{ role: 'user', content }] }))
    expect(response.status).toBe(400)
    return ((await response.json()) as any).error.message
  }

  test.each([
    ['[[{"text": "a"}', 'line 3, column 1: expected , or ], found "```"'],
    ['{"text": "a"}', 'it must be a list of turns'],
    ['[{"text": "a"}]', 'turn 1 must be a list of steps'],
    ['[[], ["a"]]', 'turn 2, step 1 is none of text, reasoning, tool, tools, finish'],
    ['[[{"txt": "a"}]]', 'turn 1, step 1 is none of text'],
    ['[[{"tool": "a", "pices": 2}]]', 'turn 1, step 1 (tool) has no "pices"'],
    ['[[{"text": 5}]]', 'turn 1, step 1: text: must be a string or a list of strings'],
    ['[[{"wait_ms": "5"}]]', 'turn 1, step 1: wait_ms: Expected number'],
    ['[[{"error": {"status": 9, "message": ""}}]]', 'turn 1, step 1: error.status: Expected integer'],
    ['[[{"echo": "reply"}]]', 'turn 1, step 1: echo: '],
  ])('says what is wrong with %s', async (json, fault) => {
    expect(await faultOf(`\`\`\`demo\n${json}\n\`\`\``)).toStartWith(`The demo script is broken: ${fault}`)
  })
})
