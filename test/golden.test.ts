import { describe, expect, test } from 'bun:test'
import { existsSync, readdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'

import { Failure } from '../src/core/errors.ts'
import { encodeEvent } from '../src/http/sse.ts'
import { foldEvents } from '../src/translate/fold.ts'
import { decodeToken } from '../src/translate/reasoning-token.ts'
import { isSettled, streamMachine } from '../src/translate/stream.ts'
import type { AnswerTerms, ToolInput } from '../src/translate/terms.ts'
import { createClient } from '../src/upstream/client.ts'
import type { StreamEvent } from '../src/wire/anthropic/events.ts'
import type { MessageResponse } from '../src/wire/anthropic/response.ts'

/**
 * Every folder of test/golden is one upstream answer and what becomes of it; golden/README.md tells what each shows.
 * `GOLDEN=write` puts today's output there: the diff is the review.
 */
const root = join(import.meta.dir, 'golden')
const scenarios = readdirSync(root, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name)
  .toSorted()

// — the given side —

async function responseOf(scenario: string): Promise<Response> {
  const [chunks, bytes, completion] = ['chunks.jsonl', 'upstream.sse', 'completion.json'].map((name) =>
    join(root, scenario, name),
  ) as [string, string, string]
  if (existsSync(completion))
    return new Response(await Bun.file(completion).text(), {
      headers: { 'content-type': 'application/json' },
    })
  const body = existsSync(bytes)
    ? await Bun.file(bytes).bytes()
    : readOneByOne(toSse(await Bun.file(chunks).text()))
  return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
}

/** One line, one event; a stream without the line `[DONE]` was cut. */
const toSse = (lines: string): readonly string[] =>
  lines
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => `data: ${line}\n\n`)

/** Words that come together are told together, so each event comes alone. */
function readOneByOne(events: readonly string[]): ReadableStream<Uint8Array> {
  const waiting = events.map((event) => new TextEncoder().encode(event))
  return new ReadableStream(
    {
      pull(controller) {
        const event = waiting.shift()
        if (event) controller.enqueue(event)
        else controller.close()
      },
    },
    { highWaterMark: 0 },
  )
}

interface TermsFile extends Partial<Omit<AnswerTerms, 'toolNames' | 'toolInputs' | 'takenToolIds'>> {
  /** Names, or pairs of the upstream's name and the client's. */
  readonly toolNames?: ReadonlyArray<string | readonly [string, string]>
  readonly toolInputs?: Readonly<Record<string, ToolInput>>
  readonly takenToolIds?: readonly string[]
}

async function termsOf(scenario: string): Promise<AnswerTerms> {
  const file = Bun.file(join(root, scenario, 'terms.json'))
  const {
    toolNames = [],
    toolInputs = {},
    takenToolIds = [],
    ...rest
  } = ((await file.exists()) ? await file.json() : {}) as TermsFile
  return {
    id: 'msg_golden',
    model: 'big',
    family: 'other',
    inputTokens: 100,
    stopSequences: [],
    hideThinking: false,
    singleCall: false,
    asksContextEdits: false,
    citesWeb: false,
    details: false,
    usage: { hourCache: false, fast: false },
    ...rest,
    toolNames: new Map(toolNames.map((name) => (typeof name === 'string' ? [name, name] : name))),
    toolInputs: new Map(Object.entries(toolInputs)),
    takenToolIds: new Set(takenToolIds),
  }
}

// — the way from one to the other: the network's reader, the machine, the fold —

interface Outcome {
  readonly events: readonly StreamEvent[]
  readonly message?: MessageResponse
  readonly failure?: Failure
}

const LIMITS = { firstByteTimeoutMs: 1000, idleTimeoutMs: 1000, requestTimeoutMs: 1000 }

async function perform(scenario: string): Promise<Outcome> {
  const response = await responseOf(scenario)
  const upstream = createClient({
    baseUrl: 'http://upstream.test/v1',
    headers: {},
    fetch: async () => response,
    clock: { now: () => 0, watch: () => () => undefined },
    limits: LIMITS,
  })
  const machine = streamMachine(await termsOf(scenario))
  const call = { model: 'big', stream: true, body: '{}', headers: {} }
  const events: StreamEvent[] = []
  let state = machine.start()
  try {
    for await (const batch of upstream.stream(call, new AbortController().signal)) {
      for (const input of batch) state = machine.step(state, input, events)
      if (isSettled(state)) break
    }
    machine.end(state, events)
    return { events, message: foldEvents(events) }
  } catch (failure) {
    if (failure instanceof Failure) return { events, failure }
    throw failure
  }
}

// — the expected side —

const toFiles = ({ events, message, failure }: Outcome): Readonly<Record<string, string | undefined>> => ({
  'events.sse': events.length > 0 ? events.map(encodeEvent).join('') : undefined,
  'message.json': message && toJson(message),
  'tokens.json': message && tokensOf(message),
  'failure.json': failure && toJson({ kind: failure.kind, status: failure.status, message: failure.message }),
})

const toJson = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`

/** What the opaque parts of thinking blocks carry, for the reader's eyes. */
function tokensOf({ content }: MessageResponse): string | undefined {
  const tokens = content.flatMap((block) => {
    if (block.type === 'thinking') return decodeToken(block.signature) ?? []
    return block.type === 'redacted_thinking' ? (decodeToken(block.data) ?? []) : []
  })
  return tokens.length > 0 ? toJson(tokens) : undefined
}

async function compare(path: string, actual: string | undefined): Promise<void> {
  if (process.env['GOLDEN'] === 'write')
    await (actual === undefined ? rm(path, { force: true }) : Bun.write(path, actual))
  expect(actual).toBe(existsSync(path) ? await Bun.file(path).text() : undefined)
}

describe.each(scenarios)('%s', (scenario) => {
  test('the upstream answer becomes these events and this message, or this failure', async () => {
    const files = toFiles(await perform(scenario))
    for (const [name, actual] of Object.entries(files)) await compare(join(root, scenario, name), actual)
  })

  test('is told of in the README', async () => {
    expect(await Bun.file(join(root, 'README.md')).text()).toContain(`| ${scenario} |`)
  })
})
