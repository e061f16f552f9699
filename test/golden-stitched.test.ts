import { describe, expect, test } from 'bun:test'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

import { encodeEvent } from '../src/http/sse.ts'
import { foldEvents } from '../src/translate/fold.ts'
import { replay } from '../src/translate/machine.ts'
import { type Look, type ServedOutput, toResultBlock } from '../src/translate/served/look.ts'
import { callsToRun, stitchMachine, type StitchInput } from '../src/translate/served/stitch.ts'
import { streamMachine } from '../src/translate/stream.ts'
import type { AnswerTerms } from '../src/translate/terms.ts'
import type { StreamEvent } from '../src/wire/anthropic/events.ts'
import type { Chunk } from '../src/wire/openrouter/chunk.ts'
import { checkOrder } from './support/events.ts'

/**
 * Every folder of test/golden-stitched is one answer of several turns: `turns.json` holds the tools that the server runs,
 * the chunks of each turn, and what its calls gave; `events.sse` and `message.json` are what the client gets of all.
 * `GOLDEN=write` puts today's output there: the diff is the review.
 */
const root = join(import.meta.dir, 'golden-stitched')
const scenarios = readdirSync(root, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name)
  .toSorted()

interface TurnsFile {
  readonly about: string
  readonly looks: Readonly<Record<string, Look>>
  readonly turns: ReadonlyArray<{
    readonly chunks: ReadonlyArray<Chunk | '[DONE]'>
    /** By the name of the tool, one for each call. */
    readonly outputs?: Readonly<Record<string, ServedOutput>>
  }>
}

const termsOf = (looks: TurnsFile['looks']): AnswerTerms => ({
  id: 'msg_golden',
  model: 'big',
  family: 'other',
  inputTokens: 100,
  stopSequences: [],
  toolNames: new Map([...Object.keys(looks), 'Client'].map((name) => [name, name])),
  toolInputs: new Map(),
  takenToolIds: new Set(),
  hideThinking: false,
  singleCall: false,
  asksContextEdits: false,
  citesWeb: false,
  details: false,
  usage: { hourCache: false, fast: false },
})

function perform({ looks, turns }: TurnsFile): readonly StreamEvent[] {
  const machine = stitchMachine(new Map(Object.entries(looks)))
  const out: StreamEvent[] = []
  let state = machine.start()
  const put = (input: StitchInput): void => {
    state = machine.step(state, input, out)
  }
  for (const { chunks, outputs = {} } of turns) {
    for (const event of replay(streamMachine(termsOf(looks)), chunks)) put({ type: 'event', event })
    for (const call of callsToRun(state)) {
      const [look, output] = [looks[call.name], outputs[call.name]]
      if (look && output) put({ type: 'result', block: toResultBlock(call, look, output) })
    }
  }
  machine.end(state, out)
  return out
}

async function compare(path: string, actual: string): Promise<void> {
  if (process.env['GOLDEN'] === 'write') await Bun.write(path, actual)
  expect(actual).toBe(existsSync(path) ? await Bun.file(path).text() : '')
}

describe.each(scenarios)('%s', (scenario) => {
  test('the turns become these events and this message', async () => {
    const events = perform(await Bun.file(join(root, scenario, 'turns.json')).json())
    checkOrder(events.map((data) => ({ type: data.type, data, atMs: 0 })))
    await compare(join(root, scenario, 'events.sse'), events.map(encodeEvent).join(''))
    await compare(join(root, scenario, 'message.json'), `${JSON.stringify(foldEvents(events), null, 2)}\n`)
  })
})
