import { describe, expect, test } from 'bun:test'

import { Failure } from '../../src/core/errors.ts'
import {
  promptSize,
  type Routed,
  type Routes,
  routeScenario,
  type Scenario,
} from '../../src/messages/scenario.ts'
import { mergeTurns } from '../../src/translate/turns.ts'
import type { ContentBlock } from '../../src/wire/anthropic/content.ts'
import type { MessagesRequest } from '../../src/wire/anthropic/request.ts'

const ALL: Routes = {
  models: {
    default: 'to/default',
    background: 'to/background',
    thinking: 'to/thinking',
    long_context: 'to/long',
    image: 'to/image',
    web_search: 'to/search',
    subagent: 'to/sub',
  },
  longContextTokens: 1000,
}

interface Given {
  readonly request?: Partial<MessagesRequest>
  readonly routes?: Routes
  readonly tokens?: () => number
  readonly agentId?: string
  readonly route?: string
}

const routed = ({ request = {}, routes = ALL, tokens = () => 0, agentId, route }: Given): Routed => {
  const messages = request.messages ?? [{ role: 'user', content: 'Hello' }]
  const whole = { model: 'claude-sonnet-4-5', max_tokens: 1, messages, ...request } as MessagesRequest
  return routeScenario({
    request: whole,
    turns: mergeTurns(messages),
    routes,
    tokens,
    protocol: { agentId, route },
  })
}

const only = (...names: readonly Scenario[]): Routes => ({
  ...ALL,
  models: Object.fromEntries(names.map((name) => [name, ALL.models[name]])),
})

const IMAGE = { type: 'image', source: { type: 'url', url: 'https://x/y.png' } } as const
const RESULT: ContentBlock = { type: 'tool_result', tool_use_id: 'a', content: [IMAGE] }
const DOCUMENT: ContentBlock = { type: 'document', source: { type: 'content', content: [IMAGE] } }
const SEARCH = { type: 'web_search_20250305', name: 'web_search' } as const

describe('a request', () => {
  test.each<[string, Given, Scenario]>([
    ['like any other', {}, 'default'],
    ['with thinking', { request: { thinking: { type: 'adaptive' } } }, 'thinking'],
    [
      'with a thinking budget',
      { request: { thinking: { type: 'enabled', budget_tokens: 1024 } } },
      'thinking',
    ],
    ['with thinking turned off', { request: { thinking: { type: 'disabled' } } }, 'default'],
    ['with a long prompt', { tokens: () => 1000 }, 'long_context'],
    ['with a prompt that is not long', { tokens: () => 999 }, 'default'],
    ['for a small Claude', { request: { model: 'claude-haiku-4-5' } }, 'background'],
    ['for small', { request: { model: 'Small' } }, 'background'],
    ['for big', { request: { model: 'openrouter/big' } }, 'default'],
    ['of a sub-agent', { agentId: 'agent-1' }, 'subagent'],
    ['with an image', { request: { messages: [{ role: 'user', content: [IMAGE] }] } }, 'image'],
    ['with an image of a tool', { request: { messages: [{ role: 'user', content: [RESULT] }] } }, 'image'],
    [
      'with an image in a document',
      { request: { messages: [{ role: 'user', content: [DOCUMENT] }] } },
      'image',
    ],
    ['with a search', { request: { tools: [SEARCH] } }, 'web_search'],
    ["with OpenRouter's search", { request: { tools: [{ type: 'openrouter:web_search' }] } }, 'web_search'],
    [
      'with a tool of the client that is called like the search',
      { request: { tools: [{ name: 'web_search' }] } },
      'default',
    ],
  ])('%s takes its route', (_, given, scenario) => {
    expect(routed(given)).toEqual({ model: ALL.models[scenario] ?? '', scenario })
  })

  test('with an image in an earlier turn is like any other', () => {
    const messages: MessagesRequest['messages'] = [
      { role: 'user', content: [IMAGE] },
      { role: 'assistant', content: 'A cat.' },
      { role: 'user', content: 'What colour?' },
    ]
    expect(routed({ request: { messages } }).scenario).toBe('default')
  })

  test('keeps the image of its last user turn behind what the system says', () => {
    const messages: MessagesRequest['messages'] = [
      { role: 'user', content: [IMAGE] },
      { role: 'system', content: 'Be brief.' },
    ]
    expect(routed({ request: { messages } }).scenario).toBe('image')
  })

  test('to which much applies takes the most telling route, of those that are there', () => {
    const given: Given = {
      request: {
        model: 'claude-haiku-4-5',
        thinking: { type: 'adaptive' },
        tools: [SEARCH],
        messages: [{ role: 'user', content: [IMAGE] }],
      },
      agentId: 'agent-1',
      tokens: () => 5000,
    }
    const order: readonly Scenario[] = [
      'web_search',
      'image',
      'subagent',
      'background',
      'long_context',
      'thinking',
      'default',
    ]
    for (const [index, name] of order.entries())
      expect(routed({ ...given, routes: only(...order.slice(index)) }).scenario).toBe(name)
  })

  test('keeps its model where no route fits', () => {
    expect(routed({ routes: only('image') })).toEqual({ model: 'claude-sonnet-4-5', scenario: undefined })
  })

  test.each(['openai/gpt-5', 'anthropic/claude-sonnet-4.5', 'bigger', 'openrouter/auto', 'sonnet'])(
    'for %s gets what it asks for',
    (model) => {
      expect(routed({ request: { model, tools: [SEARCH] }, agentId: 'a' })).toEqual({
        model,
        scenario: undefined,
      })
    },
  )
})

test('tokens are counted only where they decide', () => {
  const tokens = (): number => {
    throw new Error('was counted')
  }
  expect(routed({ routes: only('default', 'thinking'), tokens }).scenario).toBe('default')
  expect(routed({ agentId: 'a', tokens }).scenario).toBe('subagent')
  expect(routed({ request: { model: 'openai/gpt-5' }, tokens }).scenario).toBeUndefined()
  expect(() => routed({ tokens })).toThrow('was counted')
})

test('the size of a prompt is that of its text, with images and files in tokens', () => {
  const sizeOf = (content: ContentBlock[]) => {
    const messages: MessagesRequest['messages'] = [{ role: 'user', content }]
    const request = { model: 'm', max_tokens: 1, messages }
    return promptSize(request, mergeTurns(messages))
  }
  const empty = sizeOf([{ type: 'text', text: '' }])
  expect(empty.mediaTokens).toBe(0)
  expect(sizeOf([{ type: 'text', text: 'four'.repeat(100) }]).textChars).toBe(empty.textChars + 400)
  const plain = { type: 'text', media_type: 'text/plain', data: 'four'.repeat(100) } as const
  expect(sizeOf([{ type: 'document', source: plain }]).textChars).toBeGreaterThan(400)
  const data = 'A'.repeat(10_000)
  const image = sizeOf([{ type: 'image', source: { type: 'base64', media_type: 'image/png', data } }])
  expect(image.textChars).toBeLessThan(300)
  expect(image.mediaTokens).toBeGreaterThan(0)
})

describe('the header x-route', () => {
  test.each(['thinking', ' Thinking '])('with %p decides, whatever model is asked for', (route) => {
    expect(routed({ route, request: { model: 'openai/gpt-5' }, agentId: 'a' })).toEqual({
      model: 'to/thinking',
      scenario: 'thinking',
    })
  })

  test('may be written with a hyphen', () => {
    expect(routed({ route: 'long-context' }).model).toBe('to/long')
  })

  test.each([
    [
      'fast',
      ALL,
      "x-route: there is no route 'fast'; the server has web_search, image, subagent, background",
    ],
    ['image', only('default'), "x-route: there is no route 'image'; the server has default"],
    ['constructor', only(), "x-route: there is no route 'constructor'; the server has none"],
  ])('with %p is refused where there is no such route', (route, routes, message) => {
    expect(() => routed({ route, routes })).toThrow(Failure)
    expect(() => routed({ route, routes })).toThrow(message)
  })
})
