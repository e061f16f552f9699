import { afterAll, describe, expect, setDefaultTimeout, test } from 'bun:test'

import { message, post, refusal, sdk } from '../support/api.ts'
import { echoOf, script } from '../support/demo.ts'
import { eventsOf } from '../support/events.ts'
import { modelsOf } from '../support/models.ts'
import { startServers } from '../support/servers.ts'
import {
  finishChunk,
  sseAnswer,
  startUpstream,
  textAnswer,
  textChunk,
  wholeAnswer,
} from '../support/upstream.ts'

setDefaultTimeout(30_000)

// Anthropic API, §8 F: thinking and context. (C116–C119, C121 and C122 are tested where they are made.)

const upstream = startUpstream()
const model = modelsOf(upstream)
const { open, strict, demo, stop } = await startServers(upstream)

afterAll(stop)

const V2023 = { headers: { 'anthropic-version': '2023-06-01' } }

const enabled = (fields: object = {}) => ({ type: 'enabled' as const, budget_tokens: 1024, ...fields })
const user = (content: unknown) => ({ role: 'user', content })
const TOOL = { name: 'look', input_schema: { type: 'object' as const, properties: {} } }
const CLAUDE = 'anthropic/claude-opus-5.5'
const GPT = 'openai/gpt-5.5'

/** A model that thinks before it answers, streaming or not. */
const thinker = model((body) => {
  const usage = {
    prompt_tokens: 10,
    completion_tokens: 30,
    completion_tokens_details: { reasoning_tokens: 20 },
  }
  if (body['stream'] !== true)
    return wholeAnswer({ role: 'assistant', content: 'Four.', reasoning: 'Two and two.' }, 'stop', usage)
  const thought = (reasoning: string) => ({ choices: [{ index: 0, delta: { reasoning } }] })
  return sseAnswer([thought('Two '), thought('and two.'), textChunk('Four.'), finishChunk('stop', usage)])
})

const think = (fields: object = {}) =>
  message({ model: thinker.name, max_tokens: 4000, thinking: enabled(), ...fields })

/** What a server that is not OpenRouter was sent. */
async function sentFor(fields: object, options = {}): Promise<any> {
  const own = model((body) => textAnswer('ok', body))
  expect((await post(open, message({ model: own.name, max_tokens: 4000, ...fields }), options)).status).toBe(
    200,
  )
  return own.call().body
}

describe('thinking', () => {
  test('C107 enabled with 1024: a thinking block first, with a signature', async () => {
    const { content } = await sdk(open).messages.create(think())
    expect(content).toEqual([
      { type: 'thinking', thinking: 'Two and two.', signature: expect.stringMatching(/.{8,}/) },
      { type: 'text', text: 'Four.', citations: null },
    ])
  })

  test('C107 the budget reaches OpenRouter', async () => {
    const sent = await echoOf(demo, { model: CLAUDE, thinking: enabled({ budget_tokens: 2048 }) })
    expect(sent.reasoning).toMatchObject({ max_tokens: 2048 })
  })

  test('C108 a budget below 1024: 400', async () => {
    expect(await refusal(open, think({ thinking: enabled({ budget_tokens: 1023 }) }))).toMatchObject({
      status: 400,
      message: 'thinking.enabled.budget_tokens: Input should be greater than or equal to 1024',
    })
  })

  test('C108 a budget not below max_tokens: 400, and 200 with the interleaved-thinking beta', async () => {
    const body = think({ max_tokens: 1024 })
    const found = await refusal(open, body)
    expect(found.status).toBe(400)
    expect(found.message).toStartWith('`max_tokens` must be greater than `thinking.budget_tokens`. ')
    const headers = { 'anthropic-beta': 'interleaved-thinking-2025-05-14' }
    expect((await post(open, body, { headers })).status).toBe(200)
  })

  test.each([
    [{ type: 'adaptive' }, { enabled: true }],
    [{ type: 'disabled' }, { enabled: false }],
    [{ type: 'between_tools' }, { enabled: true }],
  ])('C109 thinking %j is accepted and reaches OpenRouter as %j', async (thinking, reasoning) => {
    expect((await echoOf(demo, { model: GPT, thinking })).reasoning).toEqual(reasoning)
    expect((await post(strict, think({ thinking }), V2023)).status).toBe(200)
  })

  test.each(['low', 'medium', 'high', 'xhigh', 'max'])(
    'C110 effort %s is accepted, and reaches OpenRouter as one that the model knows',
    async (effort) => {
      const fields = { thinking: { type: 'adaptive' }, output_config: { effort } }
      expect((await post(strict, think(fields), V2023)).status).toBe(200)
      const { reasoning } = await echoOf(demo, { model: GPT, ...fields })
      expect(reasoning.effort).toBe(effort === 'max' ? 'xhigh' : effort)
    },
  )

  test('C110 an effort that does not exist: 400', async () => {
    expect(await refusal(open, think({ output_config: { effort: 'heroic' } }))).toMatchObject({
      status: 400,
      message: "output_config.effort: Input should be 'low', 'medium', 'high', 'xhigh' or 'max'",
    })
  })

  test.each([CLAUDE, GPT, 'google/gemini-3-pro-preview', 'deepseek/deepseek-v3.2'])(
    'C111 thinking that is echoed with a tool result goes back to the model it came from: %s',
    async (name) => {
      const plan = script(
        [{ reasoning: ['I must ', 'look first.'] }, { tool: 'look', input: {} }],
        [{ echo: 'request' }],
      )
      const fields = { model: name, max_tokens: 50_000, thinking: enabled(), tools: [TOOL] }
      const first: any = await (await post(demo, message({ ...fields, messages: [user(plan)] }))).json()
      expect(first.content.map(({ type }: any) => type)).toContain('tool_use')
      expect(first.content[0].type).toMatch(/thinking$/)
      const { id } = first.content.find(({ type }: any) => type === 'tool_use')
      const messages = [
        user(plan),
        { role: 'assistant', content: first.content },
        user([{ type: 'tool_result', tool_use_id: id, content: 'seen' }]),
      ]
      const second: any = await (await post(demo, message({ ...fields, messages }))).json()
      const sent = JSON.parse(second.content.find(({ type }: any) => type === 'text').text)
      const assistant = sent.messages.find(({ role }: any) => role === 'assistant')
      expect(JSON.stringify(assistant.reasoning_details ?? assistant.reasoning)).toBeString()
      if (name !== 'google/gemini-3-pro-preview') expect(JSON.stringify(assistant)).toContain('look first.')
      if (name === CLAUDE) expect(assistant.reasoning_details[0].signature).toBe(first.content[0].signature)
    },
  )

  test('C112 redacted thinking that is echoed goes back as encrypted reasoning', async () => {
    const sent = await echoOf(demo, {
      model: CLAUDE,
      thinking: enabled(),
      messages: [
        user('a'),
        {
          role: 'assistant',
          content: [
            { type: 'redacted_thinking', data: 'b3BhcXVl' },
            { type: 'text', text: 'b' },
          ],
        },
        user('c'),
      ],
    })
    const assistant = sent.messages.find(({ role }: any) => role === 'assistant')
    expect(assistant.reasoning_details).toMatchObject([{ type: 'reasoning.encrypted', data: 'b3BhcXVl' }])
  })

  test.each([
    [
      'a forced tool',
      { tools: [TOOL], tool_choice: { type: 'any' } },
      'Thinking may not be enabled when tool_choice forces tool use.',
    ],
    [
      'temperature 0.5',
      { temperature: 0.5 },
      '`temperature` may only be set to 1 when thinking is enabled. ',
    ],
  ])('C113 enabled thinking with %s: 400 when strict, 200 otherwise', async (_, fields, words) => {
    const found = await refusal(strict, think(fields), V2023)
    expect(found.status).toBe(400)
    expect(found.message).toStartWith(words)
    expect((await post(open, think(fields), V2023)).status).toBe(200)
  })

  test('C114 display omitted: no text of the thoughts, but their signature', async () => {
    const body = think({ thinking: enabled({ display: 'omitted' }) })
    const answer: any = await (await post(open, body)).json()
    expect(answer.content[0]).toMatchObject({ type: 'thinking', thinking: '' })
    expect(answer.content[0].signature).not.toBe('')
    const events = await eventsOf(await post(open, { ...body, stream: true }))
    const deltas = events.map(({ data }) => data.delta?.type)
    expect(deltas).not.toContain('thinking_delta')
    expect(deltas).toContain('signature_delta')
  })

  test('C115 the tokens of thinking are told where the upstream tells them', async () => {
    const { usage } = await sdk(open).messages.create(think())
    expect(usage).toMatchObject({ output_tokens: 30, output_tokens_details: { thinking_tokens: 20 } })
  })
})

test('C120 context_management edits are accepted, and the answer lists which of them were applied: none', async () => {
  const context_management = {
    edits: [
      { type: 'clear_thinking_20251015', keep: 'all' },
      { type: 'clear_tool_uses_20250919', trigger: { type: 'input_tokens', value: 1000 } },
    ],
  }
  for (const server of [open, strict]) {
    const response = await post(server, think({ context_management }), V2023)
    expect(response.status).toBe(200)
    expect(await response.json()).toHaveProperty('context_management', { applied_edits: [] })
  }
  expect(await sentFor({ context_management })).not.toHaveProperty('context_management')
})
