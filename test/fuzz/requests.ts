import { readdirSync } from 'node:fs'
import { join } from 'node:path'

import {
  ContentBlock,
  DocumentBlock,
  ImageBlock,
  SearchResultBlock,
  TextBlock,
} from '../../src/wire/anthropic/content.ts'
import { CountTokensRequest, MessagesRequest } from '../../src/wire/anthropic/request.ts'
import { Tool } from '../../src/wire/anthropic/tools.ts'
import { PNG } from '../messages/validation/bodies.ts'
import { valueOf } from './from-schema.ts'
import { mutate } from './mutate.ts'
import { oddSchema, oddText, oddValue } from './odd-values.ts'
import type { Random } from './random.ts'

/** What a client sends. */
export interface ClientRequest {
  readonly path: string
  readonly body: string | Uint8Array
  readonly headers: Readonly<Record<string, string>>
}

/** Conversations that real clients have, from the recorded requests. */
const RECORDED: readonly Readonly<Record<string, unknown>>[] = await readRecorded()

async function readRecorded(): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const root = join(import.meta.dir, '../golden-requests')
  const paths = readdirSync(root, { recursive: true, encoding: 'utf8' }).toSorted()
  const requests = paths.filter((path) => path.endsWith('request.anthropic.json'))
  return Promise.all(requests.map(async (path) => Bun.file(join(root, path)).json()))
}

/** One request for `model`, right or wrong. */
export function requestOf(model: string, random: Random): ClientRequest {
  const body = { ...bodyOf(random), model, stream: random.chance(0.6) }
  const wrongs = random.pick([0, 0, 0, 1, 1, 2, 5])
  const asked = mutate(body, random, wrongs)
  const counts = random.chance(0.08)
  return {
    path: counts
      ? '/v1/messages/count_tokens'
      : random.pick(['/v1/messages', '/v1/messages?beta=true', '/v1/v1/messages']),
    body: bytesOf(asked, random),
    headers: headersOf(random),
  }
}

function bodyOf(random: Random): Readonly<Record<string, unknown>> {
  const kind = random.fraction()
  if (kind < 0.45) return random.pick(RECORDED)
  if (kind < 0.95) return conversation(random)
  return {
    max_tokens: 100,
    ...(valueOf(random.pick([MessagesRequest, CountTokensRequest]), random) as object),
  }
}

// — a conversation that holds together: calls have results, media are media —

const PDF = 'JVBERi0xLjQKJSVFT0YK'

/** What is made on its own, or refused whatever else there is. */
const SEPARATE: ReadonlySet<string> = new Set([
  'messages',
  'tools',
  'tool_choice',
  'thinking',
  'thread',
  'compaction',
  'container',
  'mcp_servers',
  'n',
  'stream',
  'max_tokens',
])

function conversation(random: Random): Readonly<Record<string, unknown>> {
  const options = valueOf(MessagesRequest, random) as Record<string, unknown>
  const settings = Object.fromEntries(
    Object.entries(options).filter(([name]) => !SEPARATE.has(name) || random.chance(0.05)),
  )
  const rounds = random.below(4)
  const turns: object[] = [{ role: 'user', content: saying(random) }]
  for (let round = 0; round < rounds; round++) {
    const ids = random.times(random.below(3), () => `toolu_${random.below(1e9)}`)
    turns.push({
      role: 'assistant',
      content: [...thoughts(random), { type: 'text', text: 'Well.' }, ...ids.map(callOf(random))],
    })
    turns.push({ role: 'user', content: [...ids.map(resultOf(random)), ...saying(random)] })
    if (random.chance(0.2))
      turns.push(
        { role: 'system', content: 'Be brief.' },
        { role: 'assistant', content: 'Yes.' },
        { role: 'user', content: 'So?' },
      )
  }
  return {
    ...(random.chance(0.4) ? settings : {}),
    max_tokens: random.pick([0, 1, 16, 4096, 200_000]),
    messages: turns,
    tools: [
      { name: 'Read', input_schema: { type: 'object', properties: { path: { type: 'string' } } } },
      ...random.times(random.below(3), () => toolOf(random)),
    ],
    ...(random.chance(0.3) ? { thinking: valueOf(MessagesRequest.properties.thinking, random) } : {}),
    ...(random.chance(0.15)
      ? { output_config: { format: { type: 'json_schema', schema: oddSchema(random) } } }
      : {}),
  }
}

const toolOf = (random: Random): unknown =>
  random.chance(0.5)
    ? {
        name: `tool_${random.below(1e6)}`,
        input_schema: { ...(oddSchema(random) as object), ...(random.chance(0.9) ? { type: 'object' } : {}) },
        strict: random.chance(0.2),
      }
    : valueOf(Tool, random)

const callOf =
  (random: Random) =>
  (id: string): object => ({
    type: 'tool_use',
    id,
    name: random.pick(['Read', 'Bash']),
    input: random.chance(0.8) ? { path: 'a' } : { deep: oddValue(random) },
  })

const resultOf =
  (random: Random) =>
  (id: string): object => ({
    type: 'tool_result',
    tool_use_id: id,
    content: random.pick<unknown>(['done', undefined, '', [{ type: 'text', text: 'done' }], [image]]),
    ...(random.chance(0.2) ? { is_error: true } : {}),
  })

const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PNG } }
const pdf = { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: PDF } }

const USER_BLOCKS = [TextBlock, ImageBlock, DocumentBlock, SearchResultBlock]

const saying = (random: Random): readonly unknown[] => [
  random.pick<unknown>([{ type: 'text', text: 'Hi' }, { type: 'text', text: oddText(random) }, image, pdf]),
  ...random.times(random.below(2), () =>
    valueOf(random.chance(0.97) ? random.pick(USER_BLOCKS) : ContentBlock, random),
  ),
  { type: 'text', text: 'Please.', ...(random.chance(0.2) ? { cache_control: { type: 'ephemeral' } } : {}) },
]

const thoughts = (random: Random): readonly object[] =>
  random.chance(0.3)
    ? [
        {
          type: 'thinking',
          thinking: random.pick(['Hm.', '']),
          signature: random.pick(['abc', 'ors1.eyJ2IjoxfQ', 'ors1.', '', '👻']),
        },
      ]
    : []

// — how it stands on the wire —

const encoder = new TextEncoder()

function bytesOf(value: unknown, random: Random): string | Uint8Array {
  const json = JSON.stringify(value) ?? ''
  if (random.chance(0.97)) return json
  const bytes = encoder.encode(json)
  return random.pick<() => string | Uint8Array>([
    () => json.slice(0, random.below(json.length + 1)),
    () => bytes.slice(random.below(bytes.length), bytes.length),
    () => bytes.map((byte) => (random.chance(0.01) ? random.below(256) : byte)),
    () => `\ufeff${json}`,
    () => json + json,
    () => json.replaceAll('"a"', '"\\ud800"'),
    () => '['.repeat(random.pick([10, 1200, 100_000])),
    () => Bun.gzipSync(bytes),
    () => '',
  ])()
}

const HEADERS: Readonly<Record<string, readonly string[]>> = {
  'anthropic-version': ['2023-06-01', '2026-10-21', '1999-01-01', ''],
  'anthropic-beta': [
    'interleaved-thinking-2025-05-14',
    'context-management-2025-06-27,structured-outputs-2025-11-13',
    ',,,',
    'x'.repeat(2000),
  ],
  'x-claude-code-session-id': ['3e2a7c1e-6f0a-4f44-9d2b-1c4f5a6b7c8d', '', 'x'.repeat(300)],
  'x-claude-code-agent-id': ['agent', ''],
  'x-route': ['background', 'none', '__proto__', ''],
  'cache-control': ['no-store', 'no-cache', 'max-age=0', 'x'],
  'x-openrouter-provider': ['{"order":["openai"]}', '{', '7', 'null', '__proto__'],
  'x-openrouter-seed': ['1', '99999999999999999999', 'x', '[[]]'],
  'x-openrouter-response-format': ['{"type":"json_object"}', '{"type":"json_schema"}', '{}'],
  'x-openrouter-__proto__': ['{"a":1}'],
  'x-openrouter-nonsense': ['7', '{"a":{"b":1}}'],
  'x-openrouter-details': ['true', 'yes'],
  accept: ['application/binary', '*/*', 'text/html'],
  'content-encoding': ['gzip', 'identity', 'br', 'deflate'],
  'content-type': ['application/json', 'text/plain', 'multipart/form-data', ''],
  origin: ['http://evil.test', 'null', 'http://localhost', 'http://localhost', 'http://localhost'],
}
const HEADER_NAMES = Object.keys(HEADERS)

function headersOf(random: Random): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    'anthropic-version': '2023-06-01',
  }
  if (random.chance(0.8)) return headers
  for (const name of random.times(1 + random.below(3), () => random.pick(HEADER_NAMES)))
    headers[name] = random.pick(HEADERS[name] ?? [''])
  return headers
}
