import { expect, test } from 'bun:test'

import { createDemo } from '../../../src/upstream/demo/demo.ts'
import { findBlocks } from '../../../src/upstream/demo/fence.ts'
import { ask, chatRequest, hear } from './ask.ts'

const guide = await Bun.file(new URL('../../../docs/demo.md', import.meta.url)).text()
const [tool, recovery, slow] = findBlocks(guide).map(({ start, end }) => ({
  role: 'user',
  content: guide.slice(start, end),
}))

test('the guide holds three scripts', () => {
  expect(findBlocks(guide)).toHaveLength(3)
})

test('the guide’s tool call reports what the tool said', async () => {
  const demo = createDemo()
  const heard = await ask(demo, { messages: [tool] })
  expect(heard).toMatchObject({ text: 'Let me look.', finish: 'tool_calls' })
  const messages = [
    tool,
    { role: 'assistant', content: 'Let me look.' },
    { role: 'tool', tool_call_id: 'x', content: 'Hi' },
  ]
  expect((await ask(demo, { messages })).text).toBe('The file says: Hi')
})

test('the guide’s errors come as it says', async () => {
  const demo = createDemo()
  const answers = []
  for (let n = 0; n < 4; n++) answers.push(await demo(chatRequest({ messages: [recovery] })))
  expect(answers.map(({ status }) => status)).toEqual([529, 529, 200, 200])
  const [, , third, fourth] = await Promise.all(answers.map(async (answer) => answer.text()))
  expect(third).toContain('Provider disconnected')
  expect((await hear(new Response(fourth))).text).toBe('It works again.')
})

test('the guide’s slow stream waits twice and ends with its own figures', async () => {
  const slept: number[] = []
  const demo = createDemo({
    sleep: async (ms) => {
      slept.push(ms)
    },
  })
  const heard = await ask(demo, { messages: [slow] })
  expect(slept).toEqual([1000, 3000])
  expect(heard).toMatchObject({ text: 'One, two, three.', finish: 'length' })
  expect(heard.usage).toMatchObject({ prompt_tokens: 150000, cost: 0.45 })
})
