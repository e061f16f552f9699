import type { Run, RunList } from '../../wire/server/runs.ts'
import { get } from '../api.ts'
import { h, replace } from '../dom.ts'
import { type LiveState, watchLive } from '../live.ts'
import { createRunDialog } from '../run-dialog.ts'
import { ROW_HEIGHT, runRow, runsHead, type ShownRun, toShown } from '../run-row.ts'
import { summaryStrip } from '../summary-strip.ts'
import type { View } from '../view.ts'
import { linkTo, readRoute } from '../view.ts'
import { createVirtualList } from '../virtual-list.ts'

const PAGE = 100

export interface RunsViewOptions {
  /** The view's name in the address. */
  readonly name: string
  readonly title: string
  /** Shows runs of this outcome only, and leaves out what is under way. */
  readonly outcome?: string
  readonly openId: string | undefined
}

/** The history with what is under way on top: searched, filtered, live. */
export function runsView({ name, title, outcome, openId }: RunsViewOptions): View {
  let runs: Run[] = []
  let active: readonly ShownRun[] = []
  let nextBefore: number | null | undefined
  let total = 0
  let loading: AbortController | undefined
  const filter = { q: '', outcome: outcome ?? '' }

  const dialog = createRunDialog({
    onOpen: (id) => history.replaceState(null, '', linkTo(name, id)),
    onClose: () => {
      // The reader may be on the way to another page by now.
      if (readRoute().view === name) history.replaceState(null, '', linkTo(name))
    },
    neighbour: (id, step) => {
      const at = runs.findIndex((run) => run.id === id)
      return at < 0 ? undefined : runs[at + step]?.id
    },
  })
  const open = (id: string): void => void dialog.open(id)
  const note = h('p.list-note.muted', { role: 'status' })
  const list = createVirtualList<ShownRun>({
    rowHeight: ROW_HEIGHT,
    idOf: ({ id, status }) => `${id} ${status === 'running'}`,
    render: (run) => runRow(run, open),
    onEnd: () => {
      if (nextBefore !== null && nextBefore !== undefined && !loading) void load(nextBefore)
    },
  })
  const show = (): void => {
    const shown = [...(filter.outcome === '' ? active.filter(fits) : []), ...runs.map(toShown)]
    list.show(shown)
    replace(note, shown.length === 0 && !loading ? emptyText() : '')
    countText.textContent = total === 0 ? '' : `${total.toLocaleString('en')} in the history`
  }
  const emptyText = (): string =>
    filter.q !== '' || filter.outcome !== ''
      ? 'Nothing fits.'
      : 'No requests yet. Point a client at this server, and they appear here as they happen.'

  const load = async (before?: number): Promise<void> => {
    loading?.abort()
    const mine = (loading = new AbortController())
    const query = new URLSearchParams({ limit: String(PAGE) })
    for (const [key, value] of Object.entries(filter)) if (value !== '') query.set(key, value)
    if (before !== undefined) query.set('before', String(before))
    try {
      const page = await get<RunList>(`/admin/runs?${query}`, mine.signal)
      runs = before === undefined ? page.data : [...runs, ...page.data]
      nextBefore = page.next_before
      total = page.total
    } catch (error) {
      if (mine.signal.aborted) return
      nextBefore = null
      replace(note, error instanceof Error ? error.message : String(error))
      return
    } finally {
      if (loading === mine) loading = undefined
    }
    show()
  }
  const fits = (run: ShownRun): boolean =>
    filter.q === '' || JSON.stringify(run).toLowerCase().includes(filter.q.toLowerCase())
  const takeEnded = (ended: readonly Run[], leftOut: number): void => {
    if (leftOut > 0) return reloadSoon()
    const known = new Set(runs.slice(0, PAGE).map(({ id }) => id))
    const fresh = ended
      .filter((run) => !known.has(run.id) && (filter.outcome === '' || run.outcome === filter.outcome))
      .filter((run) => fits(toShown(run)))
    if (fresh.length === 0) return
    runs = [...fresh.toReversed(), ...runs]
    total += fresh.length
    show()
  }
  let timer: ReturnType<typeof setTimeout> | undefined
  const reloadSoon = (): void => {
    timer ??= setTimeout(() => {
      timer = undefined
      void load()
    }, 1000)
  }
  const takeActive = ({ active: next, atMs }: LiveState): void => {
    active = next.toReversed().map((run) => ({ ...toShown(run), atMs }))
    if (filter.outcome === '') show()
  }
  const searchFor = (text: string): void => {
    filter.q = text.trim()
    list.toTop()
    void load()
  }

  const countText = h('span.muted.count')
  let typing: ReturnType<typeof setTimeout> | undefined
  const search = h('input', {
    type: 'search',
    placeholder: 'Search id, model, conversation, error',
    'aria-label': 'Search the runs',
    'data-search': true,
    oninput: () => {
      clearTimeout(typing)
      typing = setTimeout(() => searchFor(search.value), 150)
    },
  })
  const strip = outcome === undefined ? summaryStrip() : undefined
  const element = h(
    'section.runs-view',
    { 'aria-label': title },
    h('h1', {}, title),
    strip?.element,
    h(
      'div.toolbar',
      {},
      search,
      outcome === undefined
        ? outcomeFilter((value) => {
            filter.outcome = value
            list.toTop()
            void load()
          })
        : null,
      countText,
    ),
    h(
      'div.table.runs-table',
      {
        role: 'table',
        'aria-label': title,
        onkeydown: (event: KeyboardEvent) => moveFocus(event, (index) => list.focus(index)),
      },
      runsHead(),
      list.element,
    ),
    note,
    dialog.element,
  )
  const stop = watchLive({ changed: takeActive, ended: takeEnded })
  void load()
  return {
    element,
    enter() {
      if (openId !== undefined) void dialog.open(openId)
    },
    leave() {
      stop()
      strip?.leave()
      dialog.leave()
      clearTimeout(timer)
      loading?.abort()
    },
  }
}

const OUTCOMES = [
  ['', 'All'],
  ['ok', 'Answered'],
  ['error', 'Failed'],
  ['cancelled', 'Cancelled'],
] as const

const outcomeFilter = (choose: (value: string) => void): HTMLElement =>
  h(
    'fieldset.segments',
    {},
    h('legend.visually-hidden', {}, 'How they ended'),
    OUTCOMES.map(([value, word]) =>
      h(
        'label',
        {},
        h('input', {
          type: 'radio',
          name: 'outcome',
          value,
          checked: value === '',
          onchange: () => choose(value),
        }),
        h('span', {}, word),
      ),
    ),
  )

/** Arrow keys, and those of vi, go from row to row. */
function moveFocus(event: KeyboardEvent, focus: (index: number) => void): void {
  const step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1, PageDown: 10, PageUp: -10 }[event.key]
  const row = (event.target as HTMLElement).closest<HTMLElement>('[data-index]')
  if (step === undefined || !row) return
  event.preventDefault()
  focus(Math.max(0, Number(row.dataset['index']) + step))
}
