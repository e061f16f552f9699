import { expect, setDefaultTimeout, test } from 'bun:test'
import { join } from 'node:path'

setDefaultTimeout(60_000)

test('a short soak runs to its end, with no wrong answer and a server that is well', async () => {
  const server = process.env['SERVER_BINARY'] ?? join(import.meta.dir, '../../src/main.ts')
  const soak = join(import.meta.dir, '../../bench/soak.ts')
  const args = ['--requests', '400', '--faults', '100', '--json', '--server', server]
  const child = Bun.spawn([process.execPath, soak, ...args], { stdout: 'pipe', stderr: 'pipe' })
  const report: any = JSON.parse(await new Response(child.stdout).text())
  expect(report).toMatchObject({ wrong: 0, isWell: true })
  expect(report.trends.map(({ requests }: any) => requests)).toEqual([400, 100])
  for (const { rssMb } of report.trends) expect(rssMb).toHaveLength(20)
  await child.exited
})
