import { isatty } from 'node:tty'

import { ConfigError, didYouMean, quote } from '../config/problem.ts'
import type { ShortBatchProgress } from '../wire/server/batches.ts'
import { type BatchClient, createBatchClient } from './batches/client.ts'
import { duration, renderProgress } from './batches/progress-bar.ts'
import { CommandFailure, type Invocation } from './command.ts'
import { findServer } from './running-server.ts'
import { renderTable } from './text-table.ts'

const ACTIONS = ['list', 'show', 'watch', 'cancel'] as const

/** Looks at the batches of a running server, or cancels one. */
export async function manageBatches(invocation: Invocation): Promise<number> {
  const [action = '', id] = invocation.words
  const client = createBatchClient(await findServer(invocation))
  switch (action) {
    case 'list':
      return list(client, invocation)
    case 'show':
      return show(await client.progress(idFrom(action, id)), invocation)
    case 'watch':
      return watch(client, id ?? (await newestRunning(client)), invocation)
    case 'cancel': {
      await client.cancel(idFrom(action, id))
      return show(await client.progress(idFrom(action, id)), invocation)
    }
    default:
      throw new ConfigError([
        action === ''
          ? `batches: needs one of ${ACTIONS.join(', ')}`
          : `batches: ${quote(action)}: unknown${didYouMean(action, ACTIONS)}`,
      ])
  }
}

function idFrom(action: string, id: string | undefined): string {
  if (id === undefined)
    throw new ConfigError([`batches ${action}: needs the id of a batch; "batches list" shows them`])
  return id
}

async function newestRunning(client: BatchClient): Promise<string> {
  const running = (await client.newest()).find(({ processing_status: status }) => status !== 'ended')
  if (!running) throw new CommandFailure('no batch is running; "batches list" shows those that have ended')
  return running.id
}

const HEADINGS = ['BATCH', 'STATUS', 'REQUESTS', 'DONE', 'FAILED', 'TIME', 'CREATED']

async function list(client: BatchClient, { say, options }: Invocation): Promise<number> {
  const batches: ShortBatchProgress[] = []
  for (const { id } of await client.newest()) batches.push(await client.progress(id))
  if (options['json']) say(`${JSON.stringify(batches)}\n`)
  else say(batches.length === 0 ? 'There is no batch.\n' : renderTable(HEADINGS, batches.map(toCells)))
  return 0
}

const toCells = (batch: ShortBatchProgress): readonly string[] => [
  batch.batch_id,
  batch.status,
  String(batch.total_messages),
  String(batch.processed_messages),
  String(batch.failed_messages),
  duration(batch.completion_time),
  batch.created_at.replace('T', ' ').slice(0, 'YYYY-MM-DD hh:mm:ss'.length),
]

function show(batch: ShortBatchProgress, { say, options }: Invocation): number {
  say(options['json'] ? `${JSON.stringify(batch)}\n` : `${batch.batch_id}\n${renderProgress(batch)}\n`)
  return 0
}

const POLL_EVERY_MS = 1000
const STANDARD_ERROR = 2
/** Back to the beginning of the line, and nothing left of what stood there. */
const AGAIN = '\r\u001B[K'

/** Draws the bar until the batch has ended: on a terminal over itself, elsewhere one line for each change. */
async function watch(client: BatchClient, id: string, invocation: Invocation): Promise<number> {
  const onTerminal = isatty(STANDARD_ERROR)
  let shown = -1
  let batch = await client.progress(id)
  for (; batch.status === 'processing'; batch = await client.progress(id)) {
    if (onTerminal) invocation.complain(AGAIN + renderProgress(batch))
    else if (batch.processed_messages !== shown) invocation.complain(`${renderProgress(batch)}\n`)
    shown = batch.processed_messages
    await Bun.sleep(POLL_EVERY_MS)
  }
  if (onTerminal) invocation.complain(AGAIN)
  return show(batch, invocation)
}
