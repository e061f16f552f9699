import { describe, expect, test } from 'bun:test'

import { KindGuard, type TObject, type TSchema } from '@sinclair/typebox'

import { type ClientProtocol, DEFAULT_PROTOCOL } from '../../src/core/context.ts'
import { Failure } from '../../src/core/errors.ts'
import { validateRequest } from '../../src/messages/validate.ts'
import { findLosses } from '../../src/translate/losses.ts'
import type { Loss } from '../../src/translate/losses/fates.ts'
import { encodeToken } from '../../src/translate/reasoning-token.ts'
import { translateRequest, type TranslatedRequest } from '../../src/translate/request.ts'
import type { Target } from '../../src/translate/target.ts'
import { MessagesRequest } from '../../src/wire/anthropic/request.ts'
import { optionFields } from '../../src/wire/openrouter/options.ts'
import { CLAUDE, DEEPSEEK, GEMINI, GPT, LOCAL, tool, withFacts } from './ask.ts'

type Fields = Record<string, unknown>

const PROTOCOL: ClientProtocol = { ...DEFAULT_PROTOCOL, betas: ['interleaved-thinking-2025-05-14'] }
const LIMITS = { maxTokensLimit: undefined }

const complete = (fields: object): Fields => ({
  model: 'claude-sonnet-4-5',
  max_tokens: 4096,
  messages: [{ role: 'user', content: 'Go.' }],
  ...fields,
})

function lossesOf(fields: object, target: Target = CLAUDE): readonly Loss[] {
  const { request, turns } = validateRequest(complete(fields), {
    ...PROTOCOL,
    strict: false,
    operation: 'create',
  })
  return findLosses({ request, turns, target, protocol: PROTOCOL, limits: LIMITS })
}

const linesOf = (fields: object, target?: Target): readonly string[] =>
  lossesOf(fields, target).map(({ path, message }) => `${path}: ${message}`)

const said = (...content: object[]) => ({ messages: [{ role: 'user', content }] })
const saidBefore = (...content: object[]) => ({
  messages: [
    { role: 'user', content: 'Go.' },
    { role: 'assistant', content },
    { role: 'user', content: 'On.' },
  ],
})
const instructed = (message: object) => ({
  messages: [
    { role: 'user', content: 'Go.' },
    { role: 'system', content: 'Be brief.', ...message },
  ],
})

/** A call of the tool `f` and its result. */
const called = (use: object, result: object) => ({
  tools: [tool('f')],
  messages: [
    { role: 'user', content: 'Go.' },
    { role: 'assistant', content: [{ type: 'tool_use', id: 'toolu_1', name: 'f', input: {}, ...use }] },
    { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_1', ...result }] },
  ],
})

const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
const PDF = Buffer.from('%PDF-1.4 marker').toString('base64')
const image = (more: object = {}) => ({
  type: 'image',
  source: { type: 'base64', media_type: 'image/png', data: PNG },
  ...more,
})
const document = (source: object, more: object = {}) => ({ type: 'document', source, ...more })
const plain = { type: 'text', media_type: 'text/plain', data: 'mk words' }

describe('every documented field is sent, done or reported', () => {
  /** An object of the wire: what it must hold, and a request that has it in the right place. */
  interface Place {
    readonly base: Fields
    readonly put: (object: object) => object
  }

  const serverResult = (type: string): Place => ({
    base: { type, tool_use_id: 'srvtoolu_1', content: { type: 'some_result', stdout: 'mk stdout' } },
    put: saidBefore,
  })
  const inTools = (more: object) => ({ tools: [tool('g'), more] })
  const thinking = (object: object) => ({ thinking: object, max_tokens: 8192 })

  /** Every object that the request's schema knows, by its place there. A new one has to be put in here. */
  const PLACES: Readonly<Record<string, Place>> = {
    '': { base: {}, put: (fields) => fields },
    message: { base: { role: 'user', content: 'mk content' }, put: (one) => ({ messages: [one] }) },
    text: { base: { type: 'text', text: 'mk text' }, put: said },
    'text.citations[]': {
      base: { type: 'char_location' },
      put: (citation) => saidBefore({ type: 'text', text: 'So.', citations: [citation] }),
    },
    'text.cache_control(ephemeral)': {
      base: { type: 'ephemeral' },
      put: (cache_control) => said({ type: 'text', text: 'So.', cache_control }),
    },
    image: { base: image(), put: said },
    'image.source(base64)': { base: image().source, put: (source) => said(image({ source })) },
    'image.source(url)': {
      base: { type: 'url', url: 'https://mk.example.com/a.png' },
      put: (source) => said(image({ source })),
    },
    'image.source(file)': {
      base: { type: 'file', file_id: 'file_1' },
      put: (source) => said(image({ source })),
    },
    'image.transformations': { base: {}, put: (transformations) => said(image({ transformations })) },
    document: { base: document(plain), put: said },
    'document.source(base64)': {
      base: { type: 'base64', media_type: 'application/pdf', data: PDF },
      put: (source) => said(document(source)),
    },
    'document.source(text)': { base: plain, put: (source) => said(document(source)) },
    'document.source(content)': {
      base: { type: 'content', content: [{ type: 'text', text: 'mk inner' }] },
      put: (source) => said(document(source)),
    },
    'document.citations': { base: {}, put: (citations) => said(document(plain, { citations })) },
    search_result: {
      base: {
        type: 'search_result',
        source: 'mk source',
        title: 'mk title',
        content: [{ type: 'text', text: 'mk found' }],
      },
      put: said,
    },
    thinking: {
      base: { type: 'thinking', thinking: 'mk thought', signature: 'mkSignature' },
      put: (block) => saidBefore(block, { type: 'text', text: 'So.' }),
    },
    redacted_thinking: {
      base: { type: 'redacted_thinking', data: 'mkData' },
      put: (block) => saidBefore(block, { type: 'text', text: 'So.' }),
    },
    tool_use: {
      base: { type: 'tool_use', id: 'toolu_mk', name: 'mk_name', input: { mk: 'mk input' } },
      put: (use) => called(use, { tool_use_id: 'toolu_mk' }),
    },
    'tool_use.caller': { base: { type: 'code_execution_20260120' }, put: (caller) => called({ caller }, {}) },
    tool_result: {
      base: { type: 'tool_result', tool_use_id: 'toolu_mk', content: 'mk result' },
      put: (result) => called({ id: 'toolu_mk' }, result),
    },
    tool_reference: {
      base: { type: 'tool_reference', tool_name: 'mk_tool' },
      put: (reference) => called({}, { content: [reference] }),
    },
    browser_state: {
      base: { type: 'browser_state', tabs: [{ tab_id: 'mk tab' }] },
      put: (state) => called({}, { content: [state] }),
    },
    'browser_state.tabs[]': {
      base: { tab_id: 'mk id' },
      put: (tab) => called({}, { content: [{ type: 'browser_state', tabs: [tab] }] }),
    },
    server_tool_use: {
      base: { type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: { query: 'mk query' } },
      put: saidBefore,
    },
    web_search_tool_result: serverResult('web_search_tool_result'),
    'web_search_tool_result.content[]': {
      base: { type: 'web_search_result' },
      put: (item) => {
        const { base, put } = serverResult('web_search_tool_result')
        return put({ ...base, content: [item] })
      },
    },
    web_fetch_tool_result: serverResult('web_fetch_tool_result'),
    code_execution_tool_result: serverResult('code_execution_tool_result'),
    bash_code_execution_tool_result: serverResult('bash_code_execution_tool_result'),
    text_editor_code_execution_tool_result: serverResult('text_editor_code_execution_tool_result'),
    tool_search_tool_result: serverResult('tool_search_tool_result'),
    advisor_tool_result: serverResult('advisor_tool_result'),
    container_upload: { base: { type: 'container_upload', file_id: 'file_1' }, put: said },
    mcp_tool_use: {
      base: { type: 'mcp_tool_use', id: 'mcptoolu_1', name: 'mk_name', server_name: 'files', input: {} },
      put: saidBefore,
    },
    mcp_tool_result: { base: { type: 'mcp_tool_result', tool_use_id: 'mcptoolu_1' }, put: saidBefore },
    mcp_tool_listing: {
      base: { type: 'mcp_tool_listing', mcp_server_name: 'mk server', tools: [{ name: 'mk_tool' }] },
      put: saidBefore,
    },
    'mcp_tool_listing.tools[]': {
      base: { name: 'mk_tool' },
      put: (one) => saidBefore({ type: 'mcp_tool_listing', mcp_server_name: 'files', tools: [one] }),
    },
    compaction: { base: { type: 'compaction', content: 'mk summary' }, put: saidBefore },
    fallback: {
      base: { type: 'fallback', from: { model: 'mk-a' }, to: { model: 'mk-b' } },
      put: (block) => saidBefore(block, { type: 'text', text: 'So.' }),
    },
    'fallback.from': {
      base: { model: 'mk-from' },
      put: (from) =>
        saidBefore({ type: 'fallback', from, to: { model: 'b' } }, { type: 'text', text: 'So.' }),
    },
    tool_addition: {
      base: { type: 'tool_addition', tool: { type: 'tool_reference', name: 'mk_tool' } },
      put: (block) => ({
        tools: [tool('f'), tool('mk_tool', { defer_loading: true })],
        ...instructed({ content: [block] }),
      }),
    },
    'tool_addition.tool': {
      base: { type: 'tool_reference', name: 'mk_tool' },
      put: (changed) => ({
        tools: [tool('f'), tool('mk_tool', { defer_loading: true })],
        ...instructed({ content: [{ type: 'tool_addition', tool: changed }] }),
      }),
    },
    tool_removal: {
      base: { type: 'tool_removal', tool: { type: 'tool_reference', name: 'f' } },
      put: (block) => ({ tools: [tool('f')], ...instructed({ content: [block] }) }),
    },
    'message(system)': { base: { role: 'system', content: 'mk system' }, put: instructed },
    'message(system).output_config': {
      base: {},
      put: (output_config) => ({ thinking: { type: 'adaptive' }, ...instructed({ output_config }) }),
    },
    'tools[](custom)': { base: tool('mk_name'), put: inTools },
    'tools[](bash)': {
      base: {
        type: 'computer_20251124',
        name: 'mk_computer',
        display_width_px: 1111,
        display_height_px: 2222,
      },
      put: inTools,
    },
    'tools[](web_search)': { base: { type: 'web_fetch_20250910', name: 'web_fetch' }, put: inTools },
    'tools[](web_search).user_location(approximate)': {
      base: { type: 'approximate' },
      put: (user_location) => inTools({ type: 'web_search_20250305', name: 'web_search', user_location }),
    },
    'tools[](toolset)': { base: { type: 'computer_toolset_20260801' }, put: inTools },
    'tools[]': { base: { type: 'openrouter:mk' }, put: inTools },
    'tools[](server:*)': { base: { type: 'server:Read' }, put: inTools },
    'tool_choice(auto|any)': {
      base: { type: 'auto' },
      put: (tool_choice) => ({ tools: [tool('f')], tool_choice }),
    },
    'tool_choice(tool)': {
      base: { type: 'tool', name: 'mk_name' },
      put: (tool_choice) => ({ tools: [tool('mk_name')], tool_choice }),
    },
    'tool_choice(none)': {
      base: { type: 'none' },
      put: (tool_choice) => ({ tools: [tool('f')], tool_choice }),
    },
    'thinking(enabled)': { base: { type: 'enabled', budget_tokens: 2345 }, put: thinking },
    'thinking(enabled).block_binding': {
      base: {},
      put: (block_binding) => thinking({ type: 'adaptive', block_binding }),
    },
    'thinking(adaptive)': { base: { type: 'adaptive' }, put: thinking },
    'thinking(disabled|between_tools)': { base: { type: 'disabled' }, put: thinking },
    output_config: {
      base: {},
      put: (output_config) => ({ output_config, thinking: { type: 'adaptive' } }),
    },
    'output_config.format(json_schema)': {
      base: { type: 'json_schema', schema: { type: 'object', description: 'mk schema' } },
      put: (format) => ({ output_config: { format } }),
    },
    'output_config.task_budget(tokens)': {
      base: { type: 'tokens', total: 20_000 },
      put: (task_budget) => ({ output_config: { task_budget } }),
    },
    context_management: { base: {}, put: (context_management) => ({ context_management }) },
    'context_management.edits[]': {
      base: { type: 'clear_tool_uses_20250919' },
      put: (edit) => ({ context_management: { edits: [edit] } }),
    },
    'mcp_servers[]': {
      base: { type: 'url', name: 'files', url: 'https://mk.example.com' },
      put: (server) => ({ mcp_servers: [server] }),
    },
    metadata: { base: {}, put: (metadata) => ({ metadata }) },
    diagnostics: { base: {}, put: (diagnostics) => ({ diagnostics }) },
    'fallbacks[]': { base: { model: 'mk-model' }, put: (fallback) => ({ fallbacks: [fallback] }) },
    thread: { base: { type: 'create' }, put: (thread) => ({ thread }) },
  }

  /** Values that a schema alone does not lead to, by place and field, or by field. */
  const SAMPLES: Readonly<Record<string, unknown>> = {
    '.system': [{ type: 'text', text: 'mk system' }],
    '.metadata': { user_id: 'mk_user' },
    '.messages': [{ role: 'user', content: 'mk message' }],
    '.tools': [tool('mk_tool')],
    '.thinking': { type: 'adaptive' },
    '.output_config': { format: { type: 'json_schema', schema: { description: 'mk schema' } } },
    '.output_format': { type: 'json_schema', schema: { description: 'mk schema' } },
    '.context_management': { edits: [{ type: 'mk_edit' }] },
    '.mcp_servers': [{ type: 'url', name: 'a', url: 'https://a.example.com' }],
    '.max_tokens': 1357,
    '.temperature': 0.357,
    '.top_p': 0.975,
    '.service_tier': 'standard_only',
    '.fallbacks': [{ model: 'mk-model' }],
    '.speed': 'fast',
    '.stream': true,
    '.tool_choice': undefined,
    'text.citations': [{ type: 'char_location', cited_text: 'words' }],
    'document.citations': { enabled: true },
    'search_result.citations': { enabled: true },
    'tools[](web_search).citations': { enabled: true },
    'image.transformations': { oversized_image: 'error' },
    'image.transformations.oversized_image': 'error',
    'thinking(enabled).display': 'updates',
    'thinking(adaptive).display': 'updates',
    'thinking(enabled).block_binding': { prefix_mismatch_behavior: 'error' },
    'thinking(adaptive).block_binding': { prefix_mismatch_behavior: 'error' },
    'thinking(enabled).block_binding.prefix_mismatch_behavior': 'error',
    'output_config.format': { type: 'json_schema', schema: { description: 'mk schema' } },
    'output_config.effort': 'low',
    'output_config.task_budget': { type: 'tokens', total: 20_000 },
    'tools[](custom).input_schema': { type: 'object', description: 'mk schema' },
    'context_management.edits': [{ type: 'mk_edit' }],
    'message(system).output_config': { effort: 'low' },
    'message(system).output_config.effort': 'low',
    'tool_use.caller': { type: 'code_execution_20260120', tool_id: 'srvtoolu_1' },
    'tool_use.caller.type': 'code_execution_20260120',
    'tool_addition.tool.definition': { ...tool('mk_tool'), description: 'mk definition' },
    'tool_addition.tool.server_name': undefined,
    'compaction.tool_changes': [
      { type: 'tool_addition', tool: { type: 'tool_definition', definition: tool('mk_tool') } },
    ],
    'tools[](bash).max_characters': undefined,
    'tools[](web_search).user_location': { type: 'approximate', city: 'Paris' },
    'mcp_tool_listing.tools[].input_schema': { type: 'object' },
    diagnostics: { previous_message_id: 'msg_1' },
    cache_control: { type: 'ephemeral' },
    allowed_callers: ['direct', 'code_execution_20260120'],
    input_examples: [{ mk: 'mk example' }],
    media_type: undefined,
    caller: { type: 'code_execution_20260120', tool_id: 'srvtoolu_1' },
    signature: 'mkSignature',
    ttl: '1h',
  }

  /** What changes the chat request without standing in it word by word. */
  const EFFECTS: ReadonlySet<string> = new Set([
    '.stream',
    '.thinking',
    '.speed',
    '.service_tier',
    '.cache_control',
    'cache_control',
    'text.cache_control(ephemeral).ttl',
    'tool_result.is_error',
    'tools[](bash).enable_zoom',
    'tools[](custom).strict',
    'tools[](custom).eager_input_streaming',
    'defer_loading',
    'disable_parallel_tool_use',
    'output_config.effort',
    'message(system).output_config',
    'message(system).output_config.effort',
    'tool_removal.tool',
  ])

  /** What has its effect elsewhere than in the chat request. */
  const DONE_HERE: Readonly<Record<string, string>> = {
    '.model': 'mapped before: map-model.ts',
    'image.source(file).file_id': 'its content was put in its place before: file-sources.ts',
    'tools[](custom).eager_input_streaming': "the way in which the answer's arguments are streamed",
    'message(system).clear_at': 'done before: context-edits.ts',
    'context_management.edits[].trigger': 'done before: context-edits.ts',
    'context_management.edits[].keep': 'done before: context-edits.ts',
    'context_management.edits[].clear_at_least': 'done before: context-edits.ts',
    'context_management.edits[].exclude_tools': 'done before: context-edits.ts',
    'context_management.edits[].clear_tool_inputs': 'done before: context-edits.ts',
    'tools[](web_search).name': 'fixed by its type',
    '.mcp_servers': 'connected to before: mcp-tools.ts',
    'mcp_servers[].name': 'connected to before: mcp-tools.ts',
    'mcp_servers[].url': 'connected to before: mcp-tools.ts',
    'mcp_servers[].authorization_token': 'connected to before: mcp-tools.ts',
    'mcp_servers[].tool_configuration': 'connected to before: mcp-tools.ts',
    '.fallbacks': 'other upstreams are asked by this server: fallback.ts',
    'fallbacks[].model': 'other upstreams are asked by this server: fallback.ts',
    '.output_config': 'asked for in words where the model knows no formats: structured.ts',
  }

  /** Refused with the field's name in the message. */
  const REFUSED: ReadonlySet<string> = new Set([
    '.compaction',
    '.container',
    '.thread',
    'thread',
    'container_upload',
    'tools[](toolset)',
  ])
  /** Tools that OpenRouter runs are refused elsewhere. */
  const REFUSED_ELSEWHERE: ReadonlySet<string> = new Set([
    'tools[](web_search)',
    'tools[](web_search).user_location(approximate)',
    'tools[]',
  ])

  /** Fields without a meaning of their own: they say what the others are. */
  const TAGS: ReadonlySet<string> = new Set(['type', 'role', 'media_type'])

  const places = objectsOf(MessagesRequest)

  test('no object of the schema is without an example', () => {
    expect(places.map(({ label }) => label).filter((label) => !(label in PLACES))).toEqual([])
  })

  const cases = places.flatMap(({ label, schema }) =>
    Object.entries(schema.properties)
      .filter(
        ([field]) => !TAGS.has(field) && !(label === '' && (field in optionFields || field === 'openrouter')),
      )
      .map(([field, inner]) => ({ label, field, name: `${label}.${field}`, inner })),
  )

  const TARGETS = { Claude: CLAUDE, GPT, Gemini: GEMINI, 'a local server': LOCAL }

  describe.each(Object.entries(TARGETS))('for %s', (_, target) => {
    test.each(cases)('$name', ({ label, field, name, inner }) => {
      const place = PLACES[label]
      if (!place) throw new Error(`no place for ${label}`)
      const value = valueFor(name, field, inner, place.base)
      if (value === undefined) return
      const object = { ...place.base, [field]: value }
      if (field === 'blocked_domains') delete (object as Fields)['allowed_domains']
      const request = complete(place.put(object))

      const { [field]: _left, ...without } = place.base
      if (REFUSED.has(label) || REFUSED.has(name)) {
        expect(() => send(request, target)).toThrow(Failure)
        return
      }
      if (REFUSED_ELSEWHERE.has(label) && !target.openrouter && trySend(request, target) === undefined) return
      const sent = send(request, target)
      const visible = markersOf(value).some((marker) => textOf(sent).includes(marker))
      if (visible) return
      const at = pathOf(request, value, object, field)
      const reported = lossesOf(request, target).filter(({ path }) => covers(path, at))
      for (const { message } of reported) expect(message).not.toContain('does not know')
      if (reported.length > 0) return
      if (EFFECTS.has(name) || EFFECTS.has(field)) {
        const plainly = trySend(complete(place.put(without)), target)
        if (plainly === undefined || textOf(plainly) !== textOf(sent)) return
      }
      if (!(name in DONE_HERE)) throw new Error(`${at}: neither sent nor reported`)
    })
  })

  function valueFor(name: string, field: string, schema: TSchema, base: Fields): unknown {
    if (name in SAMPLES) return SAMPLES[name]
    if (field in base) return base[field]
    if (field in SAMPLES) return SAMPLES[field]
    return sampleOf(schema, field)
  }

  function sampleOf(schema: TSchema, field: string): unknown {
    if (KindGuard.IsUnion(schema))
      return schema.anyOf.map((one) => sampleOf(one, field)).find((one) => one !== null)
    if (KindGuard.IsLiteral(schema)) return schema.const
    if (KindGuard.IsNull(schema)) return null
    if (KindGuard.IsBoolean(schema)) return true
    if (KindGuard.IsInteger(schema) || KindGuard.IsNumber(schema)) return 7531
    if (KindGuard.IsArray(schema)) return [sampleOf(schema.items, field)]
    return `mk_${field}`
  }

  const send = (request: Fields, target: Target): TranslatedRequest => {
    const valid = validateRequest(request, { ...PROTOCOL, strict: false, operation: 'create' })
    return translateRequest(valid.request, valid.turns, target, PROTOCOL, LIMITS)
  }
  const trySend = (request: Fields, target: Target): TranslatedRequest | undefined => {
    try {
      return send(request, target)
    } catch (error) {
      if (error instanceof Failure) return undefined
      throw error
    }
  }
  const textOf = ({ body, headers }: TranslatedRequest): string =>
    JSON.stringify([body, headers]).replaceAll('\\', '')

  /** The texts and numbers of a value that stand nowhere else. */
  function markersOf(value: unknown): readonly string[] {
    if (typeof value === 'number') return [String(value)]
    if (typeof value === 'string') return /mk|^[A-Za-z0-9+/]{20,}/.test(value) ? [value] : []
    if (typeof value !== 'object' || value === null) return []
    return Object.values(value).flatMap(markersOf)
  }

  const covers = (path: string, at: string): boolean =>
    path === at || at.startsWith(`${path}.`) || path.startsWith(`${at}.`)

  function pathOf(request: unknown, value: unknown, object: object, field: string): string {
    const path = find(request, (one, key, owner) => key === field && one === value && sameKeys(owner, object))
    return path?.join('.') ?? field
  }
  const sameKeys = (owner: object, object: object): boolean =>
    Object.keys(object).every((key) => Object.hasOwn(owner, key))

  function find(
    value: unknown,
    isIt: (value: unknown, key: string, owner: object) => boolean,
  ): readonly string[] | undefined {
    if (typeof value !== 'object' || value === null) return undefined
    for (const [key, inner] of Object.entries(value)) {
      if (isIt(inner, key, value)) return [key]
      const deeper = find(inner, isIt)
      if (deeper) return [key, ...deeper]
    }
    return undefined
  }
})

describe('what is told', () => {
  const unread = 'is not sent: this model cannot continue these thoughts'
  const thought = { type: 'thinking', thinking: 'Hm.', signature: 'EqoBClaude' }
  const gptThought = {
    type: 'thinking',
    thinking: 'Hm.',
    signature: encodeToken({ family: 'openai', items: [{ type: 'reasoning.summary', summary: 'Hm.' }] }),
  }
  const so = { type: 'text', text: 'So.' }

  test.each<[string, object, Target, readonly string[]]>([
    [
      'an unknown field of the request',
      { frobnicate: 1, absent: null },
      CLAUDE,
      ['frobnicate: is not sent: this server does not know the field'],
    ],
    [
      'an unknown field of a block',
      said({ ...so, colour: 'red' }),
      CLAUDE,
      ['messages.0.content.0.colour: is not sent: this server does not know the field'],
    ],
    [
      'an unknown field of a tool',
      { tools: [tool('f', { title: 'F' })] },
      CLAUDE,
      ['tools.0.title: is not sent: this server does not know the field'],
    ],
    [
      'the same loss in many places, once',
      said({ ...so, colour: 'red' }, { ...so, colour: 'blue', size: 1 }, { ...so, colour: 'green' }),
      CLAUDE,
      [
        'messages.0.content.0.colour: is not sent: this server does not know the field (and 2 more like it)',
        'messages.0.content.1.size: is not sent: this server does not know the field',
      ],
    ],
    ['an option of chat completions: nothing', { seed: 1, openrouter: { min_p: 0.1 } }, CLAUDE, []],
    ['unknown betas: nothing', { betas: ['made-up-2030-01-01'] }, CLAUDE, []],
    ['five stop sequences: nothing', { stop_sequences: ['a', 'b', 'c', 'd', 'e'] }, CLAUDE, []],
    ['top_k for Claude: nothing', { top_k: 5 }, CLAUDE, []],
    ['top_k for GPT', { top_k: 5 }, GPT, ["top_k: is not done: OpenAI's models do not sample by it"]],
    [
      'a temperature beside thinking',
      { temperature: 0.2, thinking: { type: 'adaptive' } },
      CLAUDE,
      ['temperature: is not done: this model samples in its own way'],
    ],
    [
      'the only temperature that thinking allows: nothing',
      { temperature: 1, thinking: { type: 'adaptive' } },
      CLAUDE,
      [],
    ],
    [
      'a temperature that the model does not read',
      { temperature: 0.2 },
      withFacts(GPT, { supportedParameters: ['max_tokens'] }),
      ['temperature: is not done: this model samples in its own way'],
    ],
    [
      'a token limit that is lowered',
      { max_tokens: 5000 },
      withFacts(CLAUDE, { maxOutputTokens: 4000 }),
      ['max_tokens: is lowered to 4000, as far as this model and server go'],
    ],
    [
      'a token limit that is raised',
      { max_tokens: 1 },
      GPT,
      ['max_tokens: is raised to 16, as far as this model and server go'],
    ],
    ['a token limit that warms the cache: nothing', { max_tokens: 0 }, CLAUDE, []],
    [
      'a budget for a model that only knows efforts',
      { thinking: { type: 'enabled', budget_tokens: 2000 } },
      withFacts(GPT, { reasoning: { supportsMaxTokens: false } }),
      ['thinking.budget_tokens: is read as an effort: medium'],
    ],
    [
      'a budget above max_tokens',
      { thinking: { type: 'enabled', budget_tokens: 9000 } },
      CLAUDE,
      ['thinking.budget_tokens: is lowered to 4095, as it must be less than max_tokens'],
    ],
    [
      'an effort that the model does not know',
      { thinking: { type: 'adaptive' }, output_config: { effort: 'max' } },
      withFacts(GPT, { reasoning: { supportedEfforts: ['low', 'high'] } }),
      ['output_config.effort: is read as high'],
    ],
    [
      'an effort that a system message set',
      { thinking: { type: 'adaptive' }, ...instructed({ output_config: { effort: 'max' } }) },
      withFacts(CLAUDE, { reasoning: { supportedEfforts: ['low'] } }),
      ['messages.1.output_config.effort: is read as low'],
    ],
    [
      'an effort beside thinking that is off',
      { thinking: { type: 'disabled' }, output_config: { effort: 'low' } },
      CLAUDE,
      ['output_config.effort: is not sent while thinking is off'],
    ],
    [
      'thinking and effort where there is no word for them',
      { thinking: { type: 'adaptive' }, output_config: { effort: 'low' } },
      LOCAL,
      [
        'thinking: is not sent: this upstream has no switch for thinking',
        'output_config.effort: is not sent: this model takes none',
      ],
    ],
    [
      'thinking that a model cannot be freed from',
      { thinking: { type: 'disabled' } },
      withFacts(GPT, { reasoning: { mandatory: true } }),
      ['thinking: is not sent: this model cannot be told not to think'],
    ],
    [
      "thinking beside the client's own words about it",
      { thinking: { type: 'adaptive' }, openrouter: { reasoning: { effort: 'low' } } },
      CLAUDE,
      ['thinking: is not sent: the chat option `reasoning` says how to reason'],
    ],
    [
      'thinking after calls that have lost theirs',
      { ...called({}, {}), thinking: { type: 'enabled', budget_tokens: 2000 } },
      CLAUDE,
      ['thinking: is turned off: the last calls came without their thoughts, or max_tokens leaves no room'],
    ],
    [
      'an earlier display',
      { thinking: { type: 'adaptive', display: 'updates' } },
      CLAUDE,
      ['thinking.display: is read as summarized'],
    ],
    ["Claude's thoughts for Claude: nothing", saidBefore(thought, so), CLAUDE, []],
    ["Claude's thoughts for GPT", saidBefore(thought, so), GPT, [`messages.1.content.0: ${unread}`]],
    ["Claude's thoughts for one who reads text: nothing", saidBefore(thought, so), DEEPSEEK, []],
    ["GPT's thoughts for GPT: nothing", saidBefore(gptThought, so), GPT, []],
    ["GPT's thoughts for Claude", saidBefore(gptThought, so), CLAUDE, [`messages.1.content.0: ${unread}`]],
    [
      'thoughts that nobody has signed',
      saidBefore({ type: 'thinking', thinking: 'Hm.' }, so),
      CLAUDE,
      [`messages.1.content.0: ${unread}`],
    ],
    [
      'an image for a model without eyes',
      said(image()),
      withFacts(GPT, { inputModalities: ['text'] }),
      ['messages.0.content.0: is sent to a model that sees no images'],
    ],
    [
      'a PDF for a model that takes none',
      said(document({ type: 'base64', media_type: 'application/pdf', data: PDF })),
      withFacts(GPT, { inputModalities: ['text'] }),
      ['messages.0.content.0: is read as text: this model takes no files'],
    ],
    [
      'citations',
      said(document(plain, { citations: { enabled: true } })),
      CLAUDE,
      ['messages.0.content.0.citations.enabled: is not done: answers cite no documents'],
    ],
    ['citations that are off: nothing', said(document(plain, { citations: { enabled: false } })), CLAUDE, []],
    [
      'a cache breakpoint without a cache',
      said({ ...so, cache_control: { type: 'ephemeral' } }),
      LOCAL,
      ['messages.0.content.0.cache_control: is not sent: this upstream has no cache breakpoints'],
    ],
    [
      'code that calls tools',
      { tools: [tool('f', { allowed_callers: ['direct', 'code_execution_20260120'] })] },
      CLAUDE,
      ["tools.0.allowed_callers: is read as ['direct']: this server runs no code that could call tools"],
    ],
    [
      'strictness that a schema does not bear',
      { tools: [tool('f', { strict: true })] },
      GPT,
      ['tools.0.strict: is not sent: the schema is not one that this model can be held to'],
    ],
    [
      'what a schema cannot say to Gemini',
      { tools: [tool('f', { input_schema: { type: 'object', properties: { a: { not: {} } } } })] },
      GEMINI,
      ["tools.0.input_schema: is sent without `not`: Gemini's schemas cannot say it"],
    ],
    [
      'a call that cannot be forced',
      { tools: [tool('f')], tool_choice: { type: 'any' } },
      withFacts(GPT, { supportedParameters: ['tools'] }),
      ['tool_choice.type: is asked for in words: this model cannot be made to call a tool'],
    ],
    [
      'a tool search',
      {
        tools: [
          tool('f', { defer_loading: true }),
          { type: 'tool_search_tool_regex_20251119', name: 'tool_search_tool_regex' },
        ],
      },
      CLAUDE,
      ['tools.1: is not sent: every deferred tool is offered from the start instead'],
    ],
    [
      'tools of another service in the history',
      saidBefore({ type: 'mcp_tool_use', id: 'mcptoolu_1', name: 'f', server_name: 's', input: {} }),
      CLAUDE,
      ['messages.1.content.0: is told to the model as text, without what only its maker can read'],
    ],
    ['the caller that every answer names: nothing', called({ caller: { type: 'direct' } }, {}), CLAUDE, []],
    [
      'a region',
      { inference_geo: 'eu' },
      CLAUDE,
      ['inference_geo: is not done: where the model runs is decided upstream'],
    ],
    ['anywhere: nothing', { inference_geo: 'global' }, CLAUDE, []],
    [
      'an edit that is none of ours',
      { context_management: { edits: [{ type: 'compact_20260112' }] } },
      CLAUDE,
      ['context_management.edits.0: is not applied: this server does no such edit'],
    ],
    [
      'what only an Anthropic service can read of a summary',
      saidBefore({ type: 'compaction', content: null, encrypted_content: 'x' }, so),
      CLAUDE,
      [
        'messages.1.content.0: is not sent: only Anthropic can read it, and the messages before it are sent instead',
      ],
    ],
    [
      'losses before a summary: nothing',
      {
        messages: [
          { role: 'user', content: [{ ...so, colour: 'red' }] },
          { role: 'assistant', content: [{ type: 'compaction', content: 'All was red.' }, so] },
          { role: 'user', content: 'On.' },
        ],
      },
      CLAUDE,
      [],
    ],
  ])('%s', (_, fields, target, lines) => {
    expect(linesOf(fields, target)).toEqual([...lines])
  })

  test('nothing is lost on the way to an upstream that speaks the Messages API', () => {
    expect(lossesOf({ top_k: 5, frobnicate: 1 }, { ...GPT, wire: 'messages' })).toEqual([])
  })

  test('losses without number are told as a number', () => {
    const block = (index: number) => ({ type: 'text', text: 'So.', [`field_${index}`]: 1 })
    const losses = lossesOf(said(...Array.from({ length: 5_000 }, (_, index) => block(index))))
    expect(losses).toHaveLength(101)
    expect(losses.at(-1)).toEqual({
      path: 'messages.0.content.100.field_100',
      message: 'is lost as well, one of 4900 more',
    })
  })

  test('headers that name no option are told with the rest', () => {
    const { request, turns } = validateRequest(complete({}), {
      ...PROTOCOL,
      strict: false,
      operation: 'create',
    })
    const protocol = { ...PROTOCOL, options: { frobnicate: 1, top_k: 5 } }
    expect(
      findLosses({ request, turns, target: GPT, protocol, limits: LIMITS }).map(({ path }) => path),
    ).toEqual(['top_k', 'header x-openrouter-frobnicate'])
  })

  test('a field name of any length is told in a few characters', () => {
    const [loss] = lossesOf({ ['x'.repeat(5000)]: 1 })
    expect(loss?.path).toHaveLength(67)
  })
})

describe('what is harmless', () => {
  test.each<[string, object, Target, boolean]>([
    ['an effort', { output_config: { effort: 'low' } }, LOCAL, true],
    ['a cache breakpoint', { cache_control: { type: 'ephemeral' } }, LOCAL, true],
    ['thoughts', saidBefore({ type: 'thinking', thinking: 'Hm.' }, { type: 'text', text: 'So.' }), GPT, true],
    ['a region', { inference_geo: 'eu' }, GPT, false],
    ['a temperature', { temperature: 0.2, thinking: { type: 'adaptive' } }, CLAUDE, false],
    ['citations', said(document(plain, { citations: { enabled: true } })), CLAUDE, false],
    ['an unknown field', { frobnicate: 1 }, CLAUDE, false],
  ])('%s: %#', (_, fields, target, harmless) => {
    expect(lossesOf(fields, target).map((loss) => loss.harmless === true)).toEqual([harmless])
  })
})

/** Every object of a schema, each shape once, by a label that tells where it stands. */
function objectsOf(root: TSchema): readonly { readonly label: string; readonly schema: TObject }[] {
  const found: { label: string; schema: TObject }[] = []
  const seen = new Set<string>()
  const walk = (schema: TSchema, label: string): void => {
    if (KindGuard.IsUnion(schema)) for (const member of schema.anyOf) walk(member, named(label, member))
    else if (KindGuard.IsArray(schema)) walk(schema.items, `${label}[]`)
    else if (KindGuard.IsObject(schema)) {
      const shape = JSON.stringify(schema)
      if (seen.has(shape)) return
      seen.add(shape)
      found.push({ label: shorten(label), schema })
      for (const [field, inner] of Object.entries(schema.properties)) {
        const isOption = label === '' && (field in optionFields || field === 'openrouter')
        // A tool that is defined on the way has the very shapes of those in `tools`.
        if (!isOption && field !== 'definition') walk(inner, label === '' ? field : `${label}.${field}`)
      }
    }
  }
  walk(root, '')
  return found
}

const named = (label: string, member: TSchema): string => {
  if (!KindGuard.IsObject(member)) return label
  const { type, role } = member.properties
  const words = wordsOf(type ?? role)
  return words === undefined ? label : `${label}(${words})`
}

function wordsOf(schema: TSchema | undefined): string | undefined {
  if (schema === undefined) return undefined
  if (KindGuard.IsLiteral(schema)) return String(schema.const)
  if (KindGuard.IsUnion(schema)) return schema.anyOf.map(wordsOf).filter(Boolean).join('|') || undefined
  const examples: unknown = schema.examples
  return Array.isArray(examples) ? String(examples[0]) : undefined
}

const shorten = (label: string): string =>
  label
    .replace(/^messages\[\]\(user\|assistant\)\.content\[\]\(tool_result\)\.content\[\]\((\w+)\)/, '$1')
    .replace(/^messages\[\]\(user\|assistant\)\.content\[\]\((\w+)\)/, '$1')
    .replace(/^messages\[\]\(user\|assistant\)$/, 'message')
    .replace(/^messages\[\]\(system\)/, 'message(system)')
    .replace(/^tools\[\]\((\w+?)(_\d{8})?\)/, 'tools[]($1)')
    .replace('tools[](computer_toolset)', 'tools[](toolset)')
