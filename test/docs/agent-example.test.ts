import { afterAll, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { post } from '../support/api.ts'
import { checkOrder, eventsOf, textOf } from '../support/events.ts'
import { startServer } from '../support/server.ts'
import { blocksOf } from './blocks.ts'

setDefaultTimeout(30_000)

const readme = await Bun.file(join(import.meta.dir, '../../README.md')).text()
const [, section = ''] = readme.split('## An agent in one request\n')
const [start, ask] = blocksOf(section).filter(({ language }) => language === 'sh')

const folder = mkdtempSync(join(tmpdir(), 'agent-'))
afterAll(() => rmSync(folder, { recursive: true }))

test('the request of the README writes a program, runs it and mends it', async () => {
  const settings = [...(start?.text ?? '').matchAll(/(TOOL_\w+)=(\S+)/g)].map(([, name = '', value = '']) => [
    name,
    name === 'TOOL_WORKING_DIRECTORY' ? folder : value,
  ])
  const body = JSON.parse(/-d '([^]+)'/.exec(ask?.text ?? '')?.[1] ?? '')
  await using server = await startServer({ LOG_LEVEL: 'warn', ...Object.fromEntries(settings) })
  const answer: any = await (await post(server, body)).json()
  const kinds = answer.content.map(({ type, name }: any) => (name ? `${type} ${name}` : type))
  expect(kinds).toEqual([
    'text',
    'mcp_tool_use Write',
    'mcp_tool_result',
    'text',
    'server_tool_use bash_code_execution',
    'bash_code_execution_tool_result',
    'text',
    'mcp_tool_use Edit',
    'mcp_tool_result',
    'server_tool_use bash_code_execution',
    'bash_code_execution_tool_result',
    'text',
  ])
  const [failed, worked] = answer.content.filter(
    ({ type }: any) => type === 'bash_code_execution_tool_result',
  )
  expect(failed.content.return_code).toBeGreaterThan(0)
  expect(worked.content).toMatchObject({ return_code: 0, stdout: expect.stringContaining('2 3 5 7 11') })
  const said = /`(It works: [\d ]+)`/.exec(section)?.[1] ?? '?'
  expect(answer.content.at(-1).text.trim()).toBe(said)
  expect(await Bun.file(join(folder, 'primes.awk')).text()).toContain('found++ }')

  rmSync(join(folder, 'primes.awk'))
  const events = await eventsOf(await post(server, { ...body, stream: true }))
  checkOrder(events)
  expect(textOf(events)).toContain(said)
})
