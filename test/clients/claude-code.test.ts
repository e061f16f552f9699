import { describe, expect, test } from 'bun:test'

import type { Step } from '../../src/upstream/demo/script.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { editFile, readFile, runAgent, runBash, writeFile } from './claude-code-calls.ts'
import { CLAUDE_CODES, runClaudeCode, setUpDesk, type Session, type Task } from './claude-code.ts'
import { PDF_BASE64, PNG_BASE64 } from './media.ts'
import { assistantTurns, ECHO, prompt, readEcho, toolTexts } from './script.ts'

const TIMEOUT_MS = 120_000

interface LogLine {
  readonly event: string
  readonly path?: string
  readonly status?: number
  readonly outcome?: string
}

/** Stops the server and says how the requests of the Messages API ended, in order. */
async function outcomesOf(server: TestServer): Promise<string[]> {
  await server.stop()
  const lines = server.output().split('\n')
  return lines
    .filter((line) => line.startsWith('{'))
    .map((line): LogLine => JSON.parse(line))
    .filter(({ event, path }) => event === 'request' && path === '/v1/messages')
    .map(({ status, outcome }) => `${status} ${outcome}`)
}

describe.each(CLAUDE_CODES)('C186 $name', ({ command, howToGetIt, shortens }) => {
  if (!command) {
    test.skip(`is not installed: ${howToGetIt}`, () => {})
    return
  }

  /** A session that must succeed. */
  const run = async (task: Task): Promise<Session> => {
    const session = await runClaudeCode(command, task)
    expect(session).toMatchObject({ exitCode: 0, failed: false })
    return session
  }

  test(
    'writes, reads and edits a file, and runs a command',
    async () => {
      await using desk = await setUpDesk()
      await using server = await startServer()
      const file = desk.path('greeting.txt')
      const session = await run({
        desk,
        server,
        prompt: prompt(
          'Do it.',
          [
            { reasoning: ['First ', 'I write.'], signature: 'signature-1' },
            { text: 'Writing.' },
            writeFile({ file_path: file, content: 'Hello, wörld!\n' }, 9),
          ],
          [readFile({ file_path: file })],
          [editFile({ file_path: file, old_string: 'Hello', new_string: 'Goodbye' }, 0)],
          [runBash({ command: 'cat greeting.txt > copy.txt; echo "$((6 * 7)) $(cat copy.txt)"' })],
          ECHO,
        ),
      })
      expect(await Bun.file(file).text()).toBe('Goodbye, wörld!\n')
      expect(await Bun.file(desk.path('copy.txt')).text()).toBe('Goodbye, wörld!\n')

      expect(await outcomesOf(server)).toEqual(Array(5).fill('200 ok'))

      const request = readEcho(session.result)
      expect(toolTexts(request)).toMatchObject([
        expect.any(String),
        expect.stringContaining('Hello, wörld!'),
        expect.any(String),
        expect.stringContaining('42 Goodbye, wörld!'),
      ])
      expect(assistantTurns(request)[0]).toMatchObject({
        content: 'Writing.',
        reasoning_details: [{ type: 'reasoning.text', text: 'First I write.', signature: 'signature-1' }],
      })
    },
    TIMEOUT_MS,
  )

  test(
    'runs the tools of one turn together and sees images and PDFs',
    async () => {
      await using desk = await setUpDesk()
      await using server = await startServer()
      await Bun.write(desk.path('dot.png'), Buffer.from(PNG_BASE64, 'base64'))
      await Bun.write(desk.path('page.pdf'), Buffer.from(PDF_BASE64, 'base64'))
      const write = (name: string) => writeFile({ file_path: desk.path(name), content: name }, 4)
      const read = (name: string) => readFile({ file_path: desk.path(name) })
      const session = await run({
        desk,
        server,
        prompt: prompt(
          'Do it all at once.',
          [{ tools: [write('one.txt'), write('two.txt'), read('dot.png'), read('page.pdf')] }],
          [
            { expect: { contains: `"image_url":{"url":"data:image/png;base64,${PNG_BASE64}"}` } },
            { expect: { contains: `data:application/pdf;base64,${PDF_BASE64}` } },
            ...ECHO,
          ],
        ),
      })
      expect(await Bun.file(desk.path('one.txt')).text()).toBe('one.txt')
      expect(await Bun.file(desk.path('two.txt')).text()).toBe('two.txt')

      expect(await outcomesOf(server)).toEqual(Array(2).fill('200 ok'))

      const request = readEcho(session.result)
      const calls = assistantTurns(request)[0]?.tool_calls ?? []
      const answered = request.messages.flatMap((message) =>
        message.role === 'tool' ? message.tool_call_id : [],
      )
      expect(calls).toHaveLength(4)
      expect(answered).toEqual(calls.map(({ id }) => id))
    },
    TIMEOUT_MS,
  )

  test(
    'lets a sub-agent work',
    async () => {
      await using desk = await setUpDesk()
      await using server = await startServer()
      const task = prompt(
        'Write the file.',
        [writeFile({ file_path: desk.path('report.txt'), content: 'By the sub-agent.' })],
        [{ text: 'The sub-agent has written the report.' }],
      )
      const delegate = runAgent({ description: 'Write a report', prompt: task, run_in_background: false }, 5)
      const session = await run({ desk, server, prompt: prompt('Delegate it.', [delegate], ECHO) })
      expect(await Bun.file(desk.path('report.txt')).text()).toBe('By the sub-agent.')
      expect(toolTexts(readEcho(session.result))).toEqual([
        expect.stringContaining('The sub-agent has written the report.'),
      ])
      expect(await outcomesOf(server)).toEqual(Array(4).fill('200 ok'))
    },
    TIMEOUT_MS,
  )

  test(
    'recovers from an overloaded upstream and from a stream that breaks',
    async () => {
      await using desk = await setUpDesk()
      await using server = await startServer({ UPSTREAM_RETRIES: '0' })
      const session = await run({
        desk,
        server,
        prompt: prompt(
          'Keep trying.',
          [
            { error: { status: 529, message: 'Overloaded', times: 1 } },
            runBash({ command: 'echo run >> runs.txt' }),
          ],
          [
            { text: 'It works' },
            { error: { status: 502, message: 'Provider disconnected', times: 1 } },
            { text: ' again.' },
          ],
        ),
      })
      expect(session.result).toBe('It works again.')
      expect(await Bun.file(desk.path('runs.txt')).text()).toBe('run\n')
      expect(await outcomesOf(server)).toEqual(['529 error', '200 ok', '200 error', '200 ok'])
    },
    TIMEOUT_MS,
  )

  test(
    'reads on where the server rescues a stream and says so in a comment',
    async () => {
      await using desk = await setUpDesk()
      await using server = await startServer({ UPSTREAM_RETRIES: '0', RESCUE_STREAMS: 'true' })
      const session = await run({
        desk,
        server,
        prompt: prompt(
          'Say it.',
          [{ text: 'Half an ' }, { error: { status: 502, message: 'Provider disconnected' } }],
          [{ text: 'answer.' }],
        ),
      })
      expect(session.result).toBe('Half an answer.')
      expect(await outcomesOf(server)).toEqual(['200 ok'])
      expect(server.output()).toContain('"rescued_by":"anthropic/claude-')
    },
    TIMEOUT_MS,
  )

  test(
    'finds the tools that it keeps back',
    async () => {
      await using desk = await setUpDesk()
      await using server = await startServer()
      const definition = '"function":{"name":"NotebookEdit"'
      const session = await run({
        desk,
        server,
        environment: { ENABLE_TOOL_SEARCH: 'true' },
        prompt: prompt(
          'Look for it.',
          [
            { expect: { lacks: definition } },
            { tool: 'ToolSearch', input: { query: 'select:NotebookEdit', max_results: 3 } },
          ],
          [{ expect: { contains: definition } }, ...ECHO],
        ),
      })
      expect(toolTexts(readEcho(session.result))).toEqual([expect.stringContaining('NotebookEdit')])
      expect(await outcomesOf(server)).toEqual(Array(2).fill('200 ok'))
    },
    TIMEOUT_MS,
  )

  /** Asked to summarise, the model sees fewer turns than before: whichever it is now must not call a tool. */
  const unlessSummarising: Step = { expect: { lacks: 'TEXT ONLY' } }

  test(
    'shortens a conversation before it fills the context that it was told of',
    async () => {
      await using desk = await setUpDesk()
      await using server = await startServer()
      const session = await run({
        desk,
        server,
        environment: { CLAUDE_CODE_MAX_CONTEXT_TOKENS: '200000' },
        prompt: prompt(
          'Do three things.',
          [unlessSummarising, runBash({ command: 'echo one' })],
          [unlessSummarising, runBash({ command: 'echo two' })],
          [unlessSummarising, runBash({ command: 'echo three' }), { usage: { prompt_tokens: 195_000 } }],
          [unlessSummarising, { text: 'It is still as long as before.' }],
        ),
      })
      expect(session.result).not.toContain('as long as before')
      const outcomes = await outcomesOf(server)
      expect(outcomes.length).toBeGreaterThan(4)
      expect(outcomes.filter((outcome) => outcome !== '200 ok')).toEqual([])
    },
    TIMEOUT_MS,
  )

  if (shortens)
    test(
      'shortens a conversation that the upstream refuses as too long, and goes on',
      async () => {
        await using desk = await setUpDesk()
        await using server = await startServer()
        const message =
          "This endpoint's maximum context length is 200000 tokens. However, you requested about 250000 tokens " +
          '(218000 of text input, 32000 in the output).'
        await run({
          desk,
          server,
          prompt: prompt(
            'Do three things.',
            [unlessSummarising, runBash({ command: 'echo one' })],
            [unlessSummarising, runBash({ command: 'echo two' })],
            [unlessSummarising, runBash({ command: 'echo three' })],
            [{ error: { status: 400, message, times: 1 } }, { text: 'Three things were done.' }],
          ),
        })
        const outcomes = await outcomesOf(server)
        expect(server.output()).toMatch(/prompt is too long: \d+ tokens > 200000 maximum/)
        expect(outcomes.filter((outcome) => outcome !== '200 ok')).toEqual(['400 error'])
        expect(outcomes.at(-1)).toBe('200 ok')
      },
      TIMEOUT_MS,
    )

  test(
    'resumes a conversation on another server, a strict one, with its thinking intact',
    async () => {
      await using desk = await setUpDesk()
      const model = 'openai/gpt-5.5'
      const first = await startServer()
      await run({
        desk,
        server: first,
        model,
        prompt: prompt(
          'Begin.',
          [{ reasoning: ['I will ', 'look.'], encrypted: 'encrypted-1' }, runBash({ command: 'echo begun' })],
          [{ reasoning: 'I saw it.', encrypted: 'encrypted-2' }, { text: 'It has begun.' }],
        ),
      })
      expect(await outcomesOf(first)).toEqual(Array(2).fill('200 ok'))
      await using second = await startServer({ STRICT_COMPAT: 'true' })
      const session = await run({
        desk,
        server: second,
        model,
        args: ['--continue'],
        prompt: prompt('Go on.', ECHO),
      })
      const request = readEcho(session.result)
      expect(toolTexts(request)).toEqual([expect.stringContaining('begun')])
      expect(assistantTurns(request)).toMatchObject([
        {
          reasoning_details: [
            { type: 'reasoning.summary', summary: 'I will look.' },
            { type: 'reasoning.encrypted', data: 'encrypted-1' },
          ],
          tool_calls: [{ function: { name: 'Bash' } }],
        },
        {
          reasoning_details: [
            { type: 'reasoning.summary', summary: 'I saw it.' },
            { type: 'reasoning.encrypted', data: 'encrypted-2' },
          ],
          content: 'It has begun.',
        },
      ])
    },
    TIMEOUT_MS,
  )
})
