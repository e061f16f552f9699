import { existsSync } from 'node:fs'

import { ConfigError, didYouMean, quote } from '../config/problem.ts'
import type { Run, RunList, RunRecording } from '../wire/server/runs.ts'
import type { Invocation } from './command.ts'
import { findServer, type RunningServer } from './running-server.ts'
import { readFixture, writeFixture } from './runs/fixture.ts'
import { compare, figuresOf, replay } from './runs/replay.ts'
import { renderTable } from './text-table.ts'

const ACTIONS = ['list', 'show', 'export', 'replay'] as const
type Action = (typeof ACTIONS)[number]

/** Lists, shows, exports and replays runs of a running server. The exit code of a replay is 1 where the answers differ. */
export async function manageRuns(invocation: Invocation): Promise<number> {
  const [word = '', what] = invocation.words
  const action = ACTIONS.find((known) => known === word)
  if (action === undefined)
    throw new ConfigError([
      word === ''
        ? `runs: needs one of ${ACTIONS.join(', ')}`
        : `runs: ${quote(word)}: unknown${didYouMean(word, ACTIONS)}`,
    ])
  return DO[action](what, invocation, await serverOf(invocation))
}

type Act = (what: string | undefined, invocation: Invocation, server: RunningServer) => Promise<number>

const DO: Readonly<Record<Action, Act>> = { list, show, export: exportRun, replay: replayRun }

/** The history is the operator's, so the operator's key is shown first. */
async function serverOf({ load, options }: Invocation): Promise<RunningServer> {
  const { adminApiKey } = await load()
  return findServer({
    load,
    options:
      adminApiKey === undefined || options['key'] !== undefined ? options : { ...options, key: adminApiKey },
  })
}

const ask = async <Answer>(server: RunningServer, path: string): Promise<Answer> =>
  (await (await server.ask(path)).json()) as Answer

const pathOf = (id: string): string => `/admin/runs/${encodeURIComponent(id)}`

async function list(
  word: string | undefined,
  { say, options }: Invocation,
  server: RunningServer,
): Promise<number> {
  const query = new URLSearchParams({ limit: '30', ...(word === undefined ? {} : { q: word }) })
  const { data } = await ask<RunList>(server, `/admin/runs?${query.toString()}`)
  if (options['json']) say(`${JSON.stringify(data)}\n`)
  else say(data.length === 0 ? 'There are no runs.\n' : renderTable(HEADINGS, data.map(toRow)))
  return 0
}

const HEADINGS = ['ID', 'STARTED', 'ENDED', 'MODEL', 'IN', 'OUT', 'USD', 'MS', 'KEPT']

const toRow = (run: Run): string[] => [
  run.id,
  run.started_at.slice(0, 19).replace('T', ' '),
  run.outcome,
  run.upstream_model ?? run.model ?? '-',
  String(run.input_tokens ?? '-'),
  String(run.output_tokens ?? '-'),
  run.cost_usd === null ? '-' : run.cost_usd.toFixed(4),
  run.duration_ms.toFixed(0),
  run.recorded ? 'yes' : 'no',
]

async function show(id: string | undefined, { say }: Invocation, server: RunningServer): Promise<number> {
  say(`${JSON.stringify(await ask<Run>(server, pathOf(idOf(id, 'show'))), null, 2)}\n`)
  return 0
}

async function exportRun(
  id: string | undefined,
  { say, options }: Invocation,
  server: RunningServer,
): Promise<number> {
  const known = idOf(id, 'export')
  const recording = await ask<RunRecording>(server, `${pathOf(known)}/recording`)
  const folder = typeof options['out'] === 'string' ? options['out'] : known
  const files = writeFixture(folder, recording)
  say(`${folder}: ${files.join(', ')}\n`)
  if (recording.left_out.length > 0) say(`left out: ${recording.left_out.join(', ')}\n`)
  return 0
}

async function replayRun(
  what: string | undefined,
  { say, options }: Invocation,
  server: RunningServer,
): Promise<number> {
  const name = idOf(what, 'replay')
  const recording = existsSync(name)
    ? readFixture(name)
    : await ask<RunRecording>(server, `${pathOf(name)}/recording`)
  const model = typeof options['model'] === 'string' ? options['model'] : undefined
  const after = await replay(recording, model, server)
  const cost = after.costUsd === undefined ? [] : [`$${after.costUsd.toFixed(6)}`]
  say(figuresOf(`- ${name}`, recording.message, []))
  say(figuresOf(`+ ${after.model}`, after.message, [...cost, `${after.durationMs} ms`]))
  const { same, diff } = compare(recording.message, after, [name, after.model])
  say(same ? 'The answers are the same.\n' : `\n${diff}`)
  return same ? 0 : 1
}

function idOf(what: string | undefined, action: Action): string {
  if (what !== undefined) return what
  const example =
    action === 'replay' ? 'the id of a run, or a folder that "runs export" wrote' : 'the id of a run'
  throw new ConfigError([`runs ${action}: needs ${example}; "runs list" shows them`])
}
