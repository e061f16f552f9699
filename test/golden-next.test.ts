import { expect, test } from 'bun:test'
import { join } from 'node:path'

import { type Target, toTarget } from '../src/translate/target.ts'
import type { MessageResponse } from '../src/wire/anthropic/response.ts'
import { bodyOf, tool } from './translate/ask.ts'

/**
 * The second half of the answers in golden/ that have a `next.json`: the client sends the answer back as it got it,
 * with results for its calls, and the thoughts must reach the model as it had them. `GOLDEN=write` as for the first.
 */
const ROOT = join(import.meta.dir, 'golden')
const scenarios = [...new Bun.Glob('*/next.json').scanSync(ROOT)]
  .map((path) => path.split('/')[0] ?? '')
  .toSorted()

interface Next {
  /** For whom the next request is translated. */
  readonly model: string
  readonly openrouter: boolean
  /** Whom OpenRouter must ask, and the assistant's message. */
  readonly provider?: unknown
  readonly assistant?: unknown
}

/** The request in which a client goes on after an answer. */
function nextRequest({ content }: MessageResponse, target: Target): Record<string, any> {
  const results = content.flatMap((block) =>
    block.type === 'tool_use' ? [{ type: 'tool_result', tool_use_id: block.id, content: 'ok' }] : [],
  )
  const messages = [
    { role: 'user', content: 'Read the files.' },
    { role: 'assistant', content },
    { role: 'user', content: results.length > 0 ? results : 'Go on.' },
  ]
  return bodyOf({ tools: [tool('Read')], thinking: { type: 'adaptive' }, messages }, target)
}

test.each(scenarios)('%s: the echoed answer goes upstream as recorded', async (scenario) => {
  const path = join(ROOT, scenario, 'next.json')
  const { model, openrouter }: Next = await Bun.file(path).json()
  const answer: MessageResponse = await Bun.file(join(ROOT, scenario, 'message.json')).json()
  const { provider, messages } = nextRequest(answer, toTarget(model, openrouter))
  const assistant = messages.find(({ role }: { role: string }) => role === 'assistant')
  const text = `${JSON.stringify({ model, openrouter, provider, assistant }, null, 2)}\n`
  if (process.env['GOLDEN'] === 'write') await Bun.write(path, text)
  expect(text).toBe(await Bun.file(path).text())
})

test.each(scenarios)(
  '%s: nothing that the upstream sent of its thoughts is lost or said twice',
  async (scenario) => {
    const lines = (await Bun.file(join(ROOT, scenario, 'chunks.jsonl')).text()).split('\n')
    const deltas = lines
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line).choices[0]?.delta ?? {})
    const next: Next = await Bun.file(join(ROOT, scenario, 'next.json')).json()
    const sent = deltas.flatMap(
      ({ reasoning_details: details, reasoning_content: text }) => details ?? [{ text }],
    )
    const { reasoning_details: replayed = [], reasoning_content } = next.assistant as Record<string, any>
    // Gemini's text stays away on purpose: it goes on from the signature alone.
    const wanted = next.model.startsWith('google/')
      ? sent.filter(({ type }) => type === 'reasoning.encrypted')
      : sent
    expect(wordsOf(reasoning_content ? [{ text: reasoning_content }] : replayed)).toEqual(wordsOf(wanted))
  },
)

/** All that a list of entries says, whatever pieces it is cut into. */
function wordsOf(entries: readonly Record<string, any>[]): object {
  const join = (field: string): string => entries.map((entry) => entry[field] ?? '').join('')
  return { text: join('text'), summary: join('summary'), data: join('data'), signature: join('signature') }
}
