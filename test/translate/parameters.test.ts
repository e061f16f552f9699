import { describe, expect, test } from 'bun:test'
import { join } from 'node:path'

import { PARAMETERS, REFUSED } from '../../src/wire/openrouter/options.ts'
import { refusalOf, request } from '../messages/validation/bodies.ts'

/**
 * All 63 parameters of chat completions (openrouter §2): where `test/golden-requests` shows each go upstream, and as
 * what. What cannot be had is refused with a word on what to use.
 */
const SENT: Readonly<Record<string, readonly [name: string, scenario: string, value: unknown]>> = {
  O1: ['messages', 'option-sampling', [{ role: 'user', content: 'Go.' }]],
  O2: ['model', 'option-request', 'anthropic/claude-sonnet-4.5'],
  O3: ['audio', 'option-media', { voice: 'alloy', format: 'wav' }],
  O4: ['frequency_penalty', 'option-sampling', 0.5],
  O7: ['logit_bias', 'option-sampling', { '42': -100 }],
  O8: ['logprobs', 'option-logprobs', true],
  O9: ['max_completion_tokens', 'option-limit', 500],
  O10: ['max_tokens', 'option-request', 1024],
  O11: ['metadata', 'option-request', { team: 'blue' }],
  O12: ['modalities', 'option-media', ['text', 'image', 'audio']],
  O13: ['moderation', 'option-safety', expect.objectContaining({ model: 'omni-moderation-latest' })],
  O15: ['parallel_tool_calls', 'option-answer', false],
  O16: ['prediction', 'option-answer', { type: 'content', content: [{ type: 'text', text: 'Lisbon' }] }],
  O17: ['presence_penalty', 'option-sampling', -0.5],
  O18: ['prompt_cache_key', 'option-cache', 'k'],
  O19: ['prompt_cache_options', 'option-cache', { mode: 'explicit', ttl: '30m' }],
  O20: ['prompt_cache_retention', 'option-cache', '24h'],
  O21: ['reasoning_effort', 'option-reasoning-effort', 'minimal'],
  O22: ['response_format', 'option-answer', expect.objectContaining({ type: 'json_schema' })],
  O23: ['safety_identifier', 'option-safety', 'someone'],
  O24: ['seed', 'option-sampling', 7],
  O25: ['service_tier', 'option-request', 'default'],
  O26: ['stop', 'option-request', ['A', 'B']],
  O27: ['store', 'option-safety', false],
  O28: ['stream', 'option-request', true],
  O29: ['stream_options', 'option-answer', { include_usage: true, include_obfuscation: false }],
  O30: ['temperature', 'option-request', 0.5],
  O31: ['tool_choice', 'option-request', { type: 'function', function: { name: 'look' } }],
  O32: ['tools', 'option-request', [expect.objectContaining({ type: 'function' })]],
  O33: ['top_logprobs', 'option-logprobs', 3],
  O34: ['top_p', 'option-request', 0.9],
  O35: ['user', 'option-safety', 'u-1'],
  O36: ['verbosity', 'option-answer', 'low'],
  O37: ['web_search_options', 'option-search', expect.objectContaining({ search_context_size: 'low' })],
  R1: ['models', 'option-routing', ['a/b', 'c/d']],
  R2: ['route', 'option-routing', 'fallback'],
  R3: ['provider', 'option-provider', expect.objectContaining({ only: ['anthropic', 'openai'], zdr: true })],
  R4: ['plugins', 'option-plugins', expect.arrayContaining([{ id: 'moderation' }])],
  R5: ['transforms', 'option-routing', ['middle-out']],
  R6: ['reasoning', 'option-reasoning', expect.objectContaining({ effort: 'high', mode: 'pro' })],
  R7: ['include_reasoning', 'option-reasoning-effort', false],
  R8: ['usage', 'option-debug', { include: true }],
  R9: ['top_k', 'option-request', 40],
  R10: ['top_a', 'option-sampling', 0.2],
  R11: ['min_p', 'option-sampling', 0.1],
  R12: ['repetition_penalty', 'option-sampling', 1.1],
  R13: ['session_id', 'option-cache', 's-1'],
  R14: ['trace', 'option-debug', expect.objectContaining({ trace_id: 't', team: 'blue' })],
  R15: ['image_config', 'option-media', { aspect_ratio: '16:9', image_size: '2K', strength: 0.4 }],
  R16: ['cache_control', 'option-request', { type: 'ephemeral', ttl: '1h' }],
  R17: ['debug', 'option-debug', { echo_upstream_body: true }],
  R18: [
    'stop_server_tools_when',
    'option-search',
    expect.arrayContaining([{ type: 'step_count_is', step_count: 3 }]),
  ],
  R19: ['max_tool_calls', 'option-search', 5],
  R20: ['preset', 'option-routing', 'careful'],
  R22: ['structured_outputs', 'option-answer', true],
  R23: ['x_search_filter', 'option-search', { allowed_x_handles: ['a'], from_date: '2026-01-01' }],
  R24: ['speed', 'option-inside', 'fast'],
  R25: ['safe_prompt', 'option-safety', true],
  R26: ['raw_mode', 'option-debug', true],
}
const REFUSALS: Readonly<Record<string, readonly [name: string, value: unknown, words: string]>> = {
  O5: ['function_call', 'auto', 'function_call: use `tool_choice`'],
  O6: ['functions', [], 'functions: use `tools`'],
  O14: ['n', 2, 'n: there is one answer a request; send several requests'],
  R21: ['prompt', 'x', 'prompt: use `messages`'],
}

const numbered = (letter: string, count: number): string[] =>
  Array.from({ length: count }, (_, n) => `${letter}${n + 1}`)

describe('the 63 parameters of chat completions', () => {
  test('are all here, under their numbers', () => {
    const rows = [...numbered('O', 37), ...numbered('R', 26)]
    expect([...Object.keys(SENT), ...Object.keys(REFUSALS)].toSorted()).toEqual(rows.toSorted())
    const table = Object.entries(PARAMETERS).map(([name, { row }]) => `${row} ${name}`)
    const tested = [...Object.entries(SENT), ...Object.entries(REFUSALS)].map(
      ([row, [name]]) => `${row} ${name}`,
    )
    expect(tested.toSorted()).toEqual(table.toSorted())
  })

  test.each(Object.entries(SENT))('%s goes upstream', async (_, [name, scenario, value]) => {
    const file = join(import.meta.dir, '../golden-requests', scenario, 'request.openrouter.json')
    expect((await Bun.file(file).json())[name]).toEqual(value)
  })

  test.each(Object.entries(REFUSALS))('%s is refused', (_, [name, value, words]) => {
    expect(refusalOf(request({ [name]: value }))).toBe(words)
    expect(Object.keys(REFUSED)).toContain(name)
  })
})
