import type { ActiveRun, Run, RunList, RunRecording } from '../wire/server/runs.ts'
import { get } from './api.ts'
import { h, replace } from './dom.ts'
import { count, duration, moment, money, shortId } from './format.ts'
import { liveState, watchLive } from './live.ts'
import { recordingView } from './recording.ts'
import { statusLabel, statusMark } from './status.ts'
import { waterfall } from './waterfall.ts'

export interface RunDialogOptions {
  readonly onOpen: (id: string) => void
  readonly onClose: () => void
  /** The run before or after that one in the list. */
  readonly neighbour: (id: string, step: 1 | -1) => string | undefined
}

export interface RunDialog {
  readonly element: HTMLElement
  open(id: string): Promise<void>
  leave(): void
}

/** A panel with all that is known of one run. Escape closes it; `j` and `k` go on to the next. */
export function createRunDialog({ onOpen, onClose, neighbour }: RunDialogOptions): RunDialog {
  const body = h('div.panel-body', { tabindex: -1 })
  let shownId = ''
  const step = (by: 1 | -1): void => {
    const id = neighbour(shownId, by)
    if (id !== undefined) void open(id)
  }
  const element = h(
    'dialog.panel',
    {
      'aria-label': 'One run',
      onclose: onClose,
      onclick: (event: MouseEvent) => {
        if (event.target === element) element.close()
      },
      onkeydown: (event: KeyboardEvent) => {
        if (event.target instanceof HTMLInputElement) return
        if (event.key === 'j') step(1)
        if (event.key === 'k') step(-1)
      },
    },
    h(
      'div.panel-head',
      {},
      h(
        'button.quiet',
        { type: 'button', 'aria-label': 'Newer run', title: 'Newer (k)', onclick: () => step(-1) },
        '↑',
      ),
      h(
        'button.quiet',
        { type: 'button', 'aria-label': 'Older run', title: 'Older (j)', onclick: () => step(1) },
        '↓',
      ),
      h('span.spacer'),
      h('button.quiet', { type: 'button', 'aria-label': 'Close', onclick: () => element.close() }, '✕'),
    ),
    body,
  )
  const open = async (id: string): Promise<void> => {
    shownId = id
    onOpen(id)
    if (!element.open) element.showModal()
    if (isActive(id)) replace(body, h('div'))
    else await showEnded(id)
    showActive()
    body.focus()
    body.scrollTop = 0
  }
  const showActive = (): void => {
    const run = liveState().active.find((candidate) => candidate.id === shownId)
    if (run && element.open) replace(body, describeActive(run))
  }
  const showEnded = async (id: string): Promise<void> => {
    try {
      const run = await get<Run>(`/admin/runs/${encodeURIComponent(id)}`)
      if (shownId !== id) return
      replace(body, describe(run, open))
    } catch (error) {
      replace(body, h('p', {}, error instanceof Error ? error.message : String(error)))
    }
  }
  const stop = watchLive({
    changed: showActive,
    ended(runs) {
      if (element.open && runs.some((run) => run.id === shownId)) void showEnded(shownId)
    },
  })
  return { element, open, leave: stop }
}

const isActive = (id: string): boolean => liveState().active.some((run) => run.id === id)

const describeActive = (run: ActiveRun): HTMLElement =>
  h(
    'article.run',
    {},
    h(
      'h2',
      {},
      statusLabel('running'),
      ' ',
      h('span.run-model', {}, run.upstream_model ?? run.model ?? 'no model yet'),
    ),
    h('p.muted.mono', {}, run.id),
    h('h3', {}, 'Steps so far'),
    waterfall({ steps: run.steps, totalMs: run.elapsed_ms }),
  )

function describe(run: Run, open: (id: string) => Promise<void>): HTMLElement {
  const conversation = h('div')
  const recording = h('div')
  if (run.conversation !== null) void showConversation(conversation, run, open)
  if (run.recorded) void showRecording(recording, run)
  return h(
    'article.run',
    {},
    h(
      'h2',
      {},
      statusLabel(run.outcome),
      ' ',
      h('span.run-model', {}, run.upstream_model ?? run.model ?? 'no model'),
    ),
    h('p.muted.mono', {}, run.id),
    run.error === null
      ? null
      : h(
          'div.notice.is-error',
          {},
          h('b', {}, `${run.status} ${run.error_type ?? ''}`),
          h('p', {}, run.error.replace(`${run.error_type}: `, '')),
        ),
    h('h3', {}, 'Steps'),
    waterfall({ steps: run.steps, totalMs: run.duration_ms, firstEventMs: run.first_event_ms }),
    h('h3', {}, 'Facts'),
    h(
      'dl.facts',
      {},
      factsOf(run).map(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]),
    ),
    run.warnings.length === 0
      ? null
      : [
          h('h3', {}, 'Warnings'),
          h(
            'ul.plain',
            {},
            run.warnings.map((text) => h('li', {}, text)),
          ),
        ],
    conversation,
    recording,
  )
}

function factsOf(run: Run): ReadonlyArray<readonly [string, string]> {
  const facts: ReadonlyArray<readonly [string, string | null]> = [
    ['Started', moment(run.started_at)],
    ['Took', duration(run.duration_ms)],
    ['First words', run.first_event_ms === null ? null : duration(run.first_event_ms)],
    ['Asked for', run.model],
    ['Upstream', run.upstream],
    ['Provider', run.provider],
    ['Route', run.route],
    ['Input tokens', run.input_tokens === null ? null : inputOf(run)],
    ['Output tokens', run.output_tokens === null ? null : count(run.output_tokens)],
    ['Cost', run.cost_usd === null ? null : money(run.cost_usd)],
    ['Response cache', run.cache],
    ['Saved', run.saved_usd === null ? null : money(run.saved_usd)],
    ['Retries', run.retries === 0 ? null : String(run.retries)],
    ['Fallback', run.fallback ? 'another model than the first one answered' : null],
    ['Key', run.key],
    ['Conversation', run.conversation],
    ['Agent', run.agent],
    ['Batch', run.batch],
    ['Generation', run.generation_id],
    ...Object.entries(run.notes).map(
      ([name, value]) => [toLabel(name), typeof value === 'string' ? value : JSON.stringify(value)] as const,
    ),
  ]
  return facts.filter((fact): fact is readonly [string, string] => fact[1] !== null)
}

const toLabel = (name: string): string =>
  `${name.charAt(0).toUpperCase()}${name.slice(1).replaceAll('_', ' ')}`

const inputOf = ({ input_tokens, cached_tokens }: Run): string =>
  (cached_tokens ?? 0) > 0
    ? `${count(input_tokens)}, ${count(cached_tokens)} from the prompt cache`
    : count(input_tokens)

/** The turns around a run, its sub-agents' among them, on one line of time. */
async function showConversation(
  place: HTMLElement,
  run: Run,
  open: (id: string) => Promise<void>,
): Promise<void> {
  const query = new URLSearchParams({ conversation: run.conversation ?? '', limit: '60' })
  const { data, total } = await get<RunList>(`/admin/runs?${query}`)
  if (data.length < 2) return
  const turns = data.toReversed()
  const startMs = Math.min(...turns.map(({ started_at }) => Date.parse(started_at)))
  const endMs = Math.max(...turns.map(({ started_at, duration_ms }) => Date.parse(started_at) + duration_ms))
  // The conversation itself first, then its sub-agents in the order of their first turn.
  const agents = [...new Set([null, ...turns.map(({ agent }) => agent)])]
  replace(
    place,
    h('h3', {}, `Conversation, ${count(total)} runs`),
    h(
      'div.lanes',
      {},
      agents.map((agent) =>
        h(
          'div.lane',
          {},
          h('span.lane-name', { title: agent ?? '' }, agent === null ? 'main' : `agent ${shortId(agent)}`),
          h(
            'span.track',
            {},
            turns
              .filter((turn) => turn.agent === agent)
              .map((turn) => turnMark(turn, run.id, startMs, endMs, open)),
          ),
        ),
      ),
    ),
  )
}

function turnMark(
  turn: Run,
  shownId: string,
  startMs: number,
  endMs: number,
  open: (id: string) => Promise<void>,
): HTMLElement {
  const text = `${moment(turn.started_at)}, ${turn.upstream_model ?? 'no model'}, ${duration(turn.duration_ms)}`
  const mark = h(
    `button.turn.is-${turn.outcome}${turn.id === shownId ? '.is-shown' : ''}`,
    {
      type: 'button',
      title: text,
      'aria-label': text,
      'aria-current': turn.id === shownId ? 'true' : null,
      onclick: () => void open(turn.id),
    },
    turn.outcome === 'ok' ? null : statusMark(turn.outcome),
  )
  const scale = 100 / Math.max(endMs - startMs, 1)
  mark.style.left = `${(Date.parse(turn.started_at) - startMs) * scale}%`
  mark.style.width = `${turn.duration_ms * scale}%`
  return mark
}

async function showRecording(place: HTMLElement, { id }: Run): Promise<void> {
  const recording = await get<RunRecording>(`/admin/runs/${encodeURIComponent(id)}/recording`)
  replace(place, h('h3', {}, 'What was said'), recordingView(recording))
}
