import { describe, expect, test } from 'bun:test'

import { parse } from 'smol-toml'

import { CommandFailure } from '../../src/cli/command.ts'
import { renderConfig } from '../../src/cli/config/new-config.ts'
import { importRouterConfig } from '../../src/cli/config/router-config.ts'
import { loadConfig } from '../../src/config/load.ts'

/** The configuration that a file makes, with nothing else set. */
const load = (toml: string, env: Record<string, string> = {}) =>
  loadConfig({
    env,
    home: '/home/user',
    platform: 'linux',
    flags: { CONFIG_FILE: '/config.toml' },
    readTextFile: () => toml,
  })

const ROUTER = `{
  // with a comment, and a comma too many
  "APIKEY": "client-key", "API_TIMEOUT_MS": 120000, "PROXY_URL": "http://proxy", "LOG": true,
  "Providers": [
    { "name": "openrouter", "api_base_url": "https://openrouter.ai/api/v1/chat/completions",
      "api_key": "sk-or-1", "models": ["google/gemini-2.5-pro"] },
    { "name": "My Ollama", "api_base_url": "http://localhost:11434/v1/chat/completions",
      "api_key": "ollama", "models": ["qwen3"] },
    { "name": "deepseek", "api_base_url": "https://api.deepseek.com/chat/completions",
      "api_key": "$DEEPSEEK_API_KEY", "models": ["deepseek-chat"] },
    { "name": "claude", "api_base_url": "https://api.anthropic.com/v1/messages", "api_key": "sk-ant", "models": [] },
  ],
  "Router": {
    "default": "deepseek,deepseek-chat", "background": "My Ollama,qwen3",
    "longContext": "openrouter,google/gemini-2.5-pro", "longContextThreshold": 50000, "think": "",
  },
}`

describe('the configuration of claude-code-router', () => {
  const { toml, notes } = importRouterConfig(ROUTER, 'config.json')

  test('becomes one that is in order', () => {
    const config = load(toml, { DEEPSEEK_API_KEY: 'ds' })
    expect(config).toMatchObject({
      openrouterApiKey: 'sk-or-1',
      serverApiKeys: ['client-key'],
      requestTimeoutMs: 120_000,
      anthropicModel: 'deepseek/deepseek-chat',
      anthropicSmallFastModel: 'my-ollama/qwen3',
      routes: { models: { long_context: 'google/gemini-2.5-pro' }, longContextTokens: 50_000 },
    })
    expect(config.upstreams.map(({ name, baseUrl, apiKey, wire }) => [name, baseUrl, apiKey, wire])).toEqual([
      ['default', 'https://openrouter.ai/api/v1', 'sk-or-1', 'chat'],
      ['my-ollama', 'http://localhost:11434/v1', 'ollama', 'chat'],
      ['deepseek', 'https://api.deepseek.com', 'ds', 'chat'],
      ['claude', 'https://api.anthropic.com/v1', 'sk-ant', 'messages'],
    ])
  })

  test('is told of in notes where something has no counterpart', () => {
    expect(notes.join('\n')).toContain('My Ollama: is called my-ollama here')
    expect(notes.join('\n')).toContain('PROXY_URL: set HTTPS_PROXY')
  })

  test.each(['{', '[]', '{"Providers": 1}'])('is refused where it is none: %s', (text) => {
    expect(() => importRouterConfig(text, 'x.json')).toThrow(CommandFailure)
    expect(() => importRouterConfig(text, 'x.json')).toThrow(/^x\.json: /)
  })
})

const NOTHING = { apiKey: '', baseUrl: '', big: '', small: '', port: '' }

describe('a new configuration file', () => {
  test('says nothing before somebody does', () => {
    expect(parse(renderConfig(NOTHING))).toEqual({})
    expect(load(renderConfig(NOTHING)).demo).toBe(true)
  })

  test('says what was answered', () => {
    const toml = renderConfig({ apiKey: 'sk-or-"x', baseUrl: '', big: 'a/b', small: 'c/d', port: '4444' })
    expect(parse(toml)).toEqual({
      openrouter_api_key: 'sk-or-"x',
      anthropic_model: 'a/b',
      anthropic_small_fast_model: 'c/d',
      port: 4444,
    })
  })

  test('is right in its comments too', () => {
    const toml = renderConfig(NOTHING).replaceAll(/^# (?=[[\w]+.*(?:=|\]$))/gm, '')
    expect(load(toml).upstreams.map(({ name }) => name)).toEqual(['default', 'ollama'])
  })
})
