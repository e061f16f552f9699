import { describe, expect, test } from 'bun:test'
import { join } from 'node:path'

import { toTarget } from '../../src/translate/target.ts'
import { checkOrder } from '../support/events.ts'
import { bodyOf } from '../translate/ask.ts'
import { ANSWER_NAMES, ANSWERS, dataOf, jsonOf, textOf } from './golden.ts'

// What reported bugs have in common: rules that hold for every recorded answer, and for those still to be recorded.

interface Recorded {
  readonly name: string
  readonly family: string
  /** What the upstream said: chunks, or one whole completion. */
  readonly said: readonly any[]
  readonly events: readonly any[]
  readonly message: any
  readonly failed: boolean
}

const GIVEN = ['chunks.jsonl', 'upstream.sse', 'completion.json']

function parse(text: string): readonly any[] {
  try {
    return [JSON.parse(text)]
  } catch {
    return []
  }
}

async function readAnswer(name: string): Promise<Recorded> {
  const read = async (file: string): Promise<string> => textOf(join(ANSWERS, name, file))
  const [chunks = '', bytes = '', whole = ''] = await Promise.all(GIVEN.map(read))
  return {
    name,
    family: (await jsonOf(join(ANSWERS, name, 'terms.json')))?.family ?? 'other',
    said: whole === '' ? [...chunks.split('\n'), ...dataOf(bytes)].flatMap(parse) : parse(whole),
    events: dataOf(await read('events.sse')).map((data) => JSON.parse(data)),
    message: await jsonOf(join(ANSWERS, name, 'message.json')),
    failed: (await read('failure.json')) !== '',
  }
}

const answers = await Promise.all(ANSWER_NAMES.map(readAnswer))
const complete = answers.filter(({ failed, events }) => !failed && events.length > 0)
/** A stream passes broken arguments on to a client that may mend them; a message cannot hold them. */
const FAILS_WHOLE_ONLY: ReadonlySet<string> = new Set([
  'tool-broken-arguments',
  'whole-broken-arguments',
  'repair-not-when-ambiguous',
  'repair-not-when-open',
])

describe('every recorded stream', () => {
  test.each(complete)('$name keeps the order of events and has one open block at a time', ({ events }) => {
    checkOrder(events.map((data) => ({ type: data.type, data, atMs: 0 })))
  })

  test('that failed has no end that looks like success', () => {
    for (const { name, events, failed } of answers) {
      if (!failed || FAILS_WHOLE_ONLY.has(name)) continue
      const ends = events.filter(({ type }) => type === 'message_delta' || type === 'message_stop')
      expect([name, ends]).toEqual([name, []])
    }
  })

  test('begins with a message that lacks no field', () => {
    for (const { name, events } of complete)
      expect([name, Object.keys(events[0].message).toSorted()]).toEqual([name, MESSAGE_FIELDS])
  })

  test('ends with a reason and with usage that are complete', () => {
    for (const { name, events } of complete) {
      const { delta, usage } = events.at(-2)
      expect([name, Object.keys(delta).toSorted()]).toEqual([name, DELTA_FIELDS])
      expect(delta.stop_reason).toBeString()
      expect(events.at(-1)).toEqual({ type: 'message_stop' })
      for (const count of COUNTS) expect([name, count, usage[count] >= 0]).toEqual([name, count, true])
    }
  })

  test('opens each block empty: what is in it comes by deltas', () => {
    for (const { content_block: block } of complete.flatMap(({ events }) => events).filter(isStart)) {
      if (block.type === 'text') expect(block.text).toBe('')
      if (block.type === 'thinking') expect([block.thinking, block.signature]).toEqual(['', ''])
      if (block.type === 'tool_use') expect(block.input).toEqual({})
    }
  })

  test('has no text or call that says nothing', () => {
    for (const { name, message } of complete.filter((answer) => answer.message))
      for (const block of message.content) {
        if (block.type === 'text') expect([name, block.text.trim()]).not.toEqual([name, ''])
        if (block.type === 'tool_use') expect([name, block.name]).not.toEqual([name, ''])
      }
  })

  test('with a call stops to use it, unless it was cut off or refused', () => {
    for (const { name, message } of complete.filter((answer) => answer.message)) {
      const calls = message.content.some((block: any) => block.type === 'tool_use')
      const cut = /^(max_tokens|model_context_window_exceeded|refusal)$/.test(message.stop_reason)
      if (!cut) expect([name, message.stop_reason === 'tool_use']).toEqual([name, calls])
    }
  })

  test('that said something cost something', () => {
    for (const { name, message } of complete.filter((answer) => answer.message)) {
      const { input_tokens, cache_read_input_tokens, output_tokens } = message.usage
      expect([name, input_tokens + cache_read_input_tokens > 0]).toEqual([name, true])
      if (message.content.length > 0) expect([name, output_tokens > 0]).toEqual([name, true])
    }
  })

  test('shows no placeholder of encrypted thoughts, and no result of a search without its call', () => {
    for (const { name, message } of complete.filter((answer) => answer.message)) {
      expect([name, JSON.stringify(message).includes('[REDACTED]')]).toEqual([name, false])
      const typed = (type: string) => message.content.filter((block: any) => block.type === type)
      expect(typed('web_search_tool_result').length).toBe(typed('server_tool_use').length)
    }
  })

  test('signs nothing with a time or another number', () => {
    for (const { events } of complete)
      for (const { delta } of events.filter(({ type }) => type === 'content_block_delta'))
        if (delta.type === 'signature_delta') expect(delta.signature).not.toMatch(/^\d*$/)
  })
})

const isStart = ({ type }: { type: string }): boolean => type === 'content_block_start'

const COUNTS = ['input_tokens', 'output_tokens', 'cache_creation_input_tokens', 'cache_read_input_tokens']
const DELTA_FIELDS = ['container', 'stop_details', 'stop_reason', 'stop_sequence']
const MESSAGE_FIELDS = [
  'container',
  'content',
  'diagnostics',
  'id',
  'model',
  'role',
  'stop_details',
  'stop_reason',
  'stop_sequence',
  'type',
  'usage',
]

// — the way back —

const MODELS: Readonly<Record<string, string>> = {
  anthropic: 'anthropic/claude-sonnet-4.5',
  openai: 'openai/gpt-5.2',
  google: 'google/gemini-3-pro-preview',
  'x-ai': 'x-ai/grok-4',
  deepseek: 'deepseek/deepseek-v4',
  moonshotai: 'moonshotai/kimi-k2',
  'z-ai': 'z-ai/glm-5',
  qwen: 'qwen/qwen3-max',
  minimax: 'minimax/minimax-m2',
  mistralai: 'mistralai/mistral-large',
}

/** The message as the client sends it back to the model that said it, with a result for each of its calls. */
function sendBack({ message, family, said }: Recorded): any {
  const isClaude = JSON.stringify(said).includes('anthropic-claude-v1')
  const calls = message.content.filter((block: any) => block.type === 'tool_use')
  const results = calls.map(({ id }: any) => ({ type: 'tool_result', tool_use_id: id, content: 'done' }))
  const names = [...new Set(calls.map(({ name }: any) => name))]
  const body = bodyOf(
    {
      messages: [
        { role: 'user', content: 'Go.' },
        { role: 'assistant', content: message.content },
        { role: 'user', content: results.length > 0 ? results : 'Go on.' },
      ],
      tools: ['any', ...names].map((name) => ({ name, input_schema: { type: 'object' } })),
    },
    toTarget(MODELS[isClaude ? 'anthropic' : family] ?? 'test/model', true),
  )
  return body['messages'][1]
}

const isLegal = ({ name }: any): boolean => name === undefined || /^[a-zA-Z0-9_-]{1,128}$/.test(name)
const speaking = complete.filter(
  ({ message }) => message?.content.length > 0 && message.content.every(isLegal),
)

const deltasOf = ({ said }: Recorded): readonly any[] =>
  said.flatMap(({ choices }) => choices ?? []).flatMap((choice) => choice?.delta ?? choice?.message ?? [])

/** What providers verify: the opaque parts of reasoning. */
const blobsOf = (answer: Recorded): readonly string[] =>
  deltasOf(answer)
    .flatMap(({ reasoning_details: details }) => (Array.isArray(details) ? details : []))
    .flatMap((detail) => [detail?.data, detail?.signature])
    .filter((blob) => typeof blob === 'string' && blob !== '')

test.each(speaking.filter((answer) => blobsOf(answer).length > 0))(
  '$name goes back to its model with every signature and blob, each once',
  (answer) => {
    const details: any[] = sendBack(answer).reasoning_details
    const returned = details.map(({ data, signature }) => data ?? signature).filter(Boolean)
    for (const blob of blobsOf(answer)) expect(JSON.stringify(details)).toContain(blob)
    expect(returned).toEqual([...new Set(returned)])
  },
)

test.each(speaking.filter(({ message }) => message.content.some(({ type }: any) => type === 'thinking')))(
  'the thoughts of $name never become part of what the assistant said',
  (answer) => {
    // An answer of thoughts alone may leave no message at all.
    const content = JSON.stringify(sendBack(answer)?.content ?? null)
    for (const { type, thinking } of answer.message.content)
      if (type === 'thinking' && thinking !== '') expect(content).not.toContain(thinking)
    expect(content).not.toContain('<think')
  },
)

test('every call goes back under the id that its model gave it', () => {
  for (const answer of speaking) {
    const calls = deltasOf(answer).flatMap(({ tool_calls: list }) => (Array.isArray(list) ? list : []))
    const words = deltasOf(answer)
      .map(({ content }) => (typeof content === 'string' ? content : ''))
      .join('')
    const isWritten = (id: string): boolean => words.includes(`<|tool_call_begin|>${id}<`)
    const given = new Set(calls.map((call) => call?.id))
    for (const { id } of sendBack(answer)?.tool_calls ?? [])
      expect([answer.name, id, given.has(id) || isWritten(id) || isOurs(id)]).toEqual([answer.name, id, true])
  }
})

/** Made here: the upstream gave no id, a number, or one that was taken. */
const isOurs = (id: string): boolean => /^toolu_golden_\d+$|^\d+$|_2$/.test(id)
