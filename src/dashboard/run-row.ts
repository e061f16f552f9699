import type { ActiveRun, Run } from '../wire/server/runs.ts'
import { h } from './dom.ts'
import { duration, moment, money, short, shortId } from './format.ts'
import { type Status, statusMark } from './status.ts'
import { miniWaterfall } from './waterfall.ts'

export const ROW_HEIGHT = 36

/** A run as a row shows it, whether it is over or not. */
export interface ShownRun {
  readonly id: string
  readonly status: Status
  readonly startedAt: string
  readonly durationMs: number
  readonly firstEventMs: number | null
  readonly model: string | null
  readonly asked: string | null
  readonly conversation: string | null
  readonly agent: string | null
  readonly batch: string | null
  readonly step: string | null
  readonly inputTokens: number | null
  readonly outputTokens: number | null
  readonly costUsd: number | null
  readonly cache: string | null
  readonly retries: number
  readonly fallback: boolean
  readonly error: string | null
  readonly steps: Run['steps']
  /** When what is under way was told of. */
  readonly atMs?: number
}

export function toShown(run: Run | ActiveRun): ShownRun {
  const shared = {
    id: run.id,
    startedAt: run.started_at,
    model: run.upstream_model ?? run.model,
    asked: run.model,
    conversation: run.conversation,
    agent: run.agent,
    batch: run.batch,
    steps: run.steps,
  }
  if ('elapsed_ms' in run)
    return { ...shared, ...UNKNOWN, status: 'running', durationMs: run.elapsed_ms, step: run.step }
  return {
    ...shared,
    status: run.outcome,
    durationMs: run.duration_ms,
    firstEventMs: run.first_event_ms,
    step: null,
    inputTokens: run.input_tokens,
    outputTokens: run.output_tokens,
    costUsd: run.cost_usd,
    cache: run.cache,
    retries: run.retries,
    fallback: run.fallback,
    error: run.error,
  }
}

const UNKNOWN = {
  firstEventMs: null,
  inputTokens: null,
  outputTokens: null,
  costUsd: null,
  cache: null,
  retries: 0,
  fallback: false,
  error: null,
}

const HEADINGS = ['', 'Started', 'Model', 'Conversation', 'Tokens', 'Cost', 'Time']

export const runsHead = (): HTMLElement =>
  h(
    'div.table-head',
    { role: 'rowgroup' },
    h(
      'div.run-row',
      { role: 'row' },
      HEADINGS.map((text) =>
        h('span', { role: 'columnheader' }, text === '' ? h('span.visually-hidden', {}, 'Status') : text),
      ),
    ),
  )

/** One run in one line. */
export function runRow(run: ShownRun, open: (id: string) => void): HTMLElement {
  const running = run.status === 'running'
  const choose = (): void => open(run.id)
  const row = h(
    'div.run-row',
    {
      role: 'row',
      tabindex: 0,
      'data-run': run.id,
      onclick: choose,
      onkeydown: (event: KeyboardEvent) => {
        if (event.key === 'Enter' || event.key === ' ') choose()
      },
    },
    h('span', { role: 'cell' }, statusMark(run.status)),
    h('span.time', { role: 'cell' }, moment(run.startedAt)),
    h(
      'span.model',
      { role: 'cell', title: run.asked === null ? '' : `asked for ${run.asked}` },
      h('span.name', {}, run.model ?? h('span.muted', {}, 'no model')),
      badges(run),
    ),
    h(
      'span.conversation',
      { role: 'cell', title: run.conversation ?? '' },
      run.conversation === null ? h('span.muted', {}, '–') : shortId(run.conversation),
      run.agent === null ? null : h('span.chip', { title: run.agent }, `agent ${run.agent.slice(-4)}`),
    ),
    h(
      'span.tokens',
      { role: 'cell' },
      run.inputTokens === null && run.outputTokens === null
        ? h('span.muted', {}, '–')
        : [short(run.inputTokens), h('span.muted', {}, ' → '), short(run.outputTokens)],
    ),
    h('span.cost', { role: 'cell' }, run.costUsd === null ? h('span.muted', {}, '–') : money(run.costUsd)),
    h(
      'span.took',
      { role: 'cell' },
      h(
        'span.took-text',
        {},
        running ? `${run.step ?? 'begins'} ${duration(run.durationMs)}` : duration(run.durationMs),
      ),
      miniWaterfall({ steps: run.steps, totalMs: run.durationMs, firstEventMs: run.firstEventMs }),
    ),
  )
  return row
}

const badges = (run: ShownRun): HTMLElement[] =>
  [
    run.cache === 'hit' || run.cache === 'shared' ? `cache ${run.cache}` : '',
    run.fallback ? 'fallback' : '',
    run.retries > 0 ? `${run.retries} ${run.retries === 1 ? 'retry' : 'retries'}` : '',
    run.batch === null ? '' : 'batch',
    run.error === null ? '' : (run.error.split(':')[0] ?? ''),
  ].flatMap((text) => (text === '' ? [] : h('span.chip', {}, text)))
