import type { RunSummary } from '../wire/server/runs.ts'
import { get } from './api.ts'
import { sparkline } from './chart.ts'
import { h, replace } from './dom.ts'
import { count, duration, money, percent, short } from './format.ts'
import { watchLive } from './live.ts'

const LEAST_PAUSE_MS = 3000

/** The last day in a few figures; they follow what ends. */
export function summaryStrip(): { readonly element: HTMLElement; readonly leave: () => void } {
  const element = h('dl.figures', { 'aria-label': 'The last 24 hours' })
  let timer: ReturnType<typeof setTimeout> | undefined
  const load = async (): Promise<void> => {
    timer = undefined
    try {
      draw(element, await get<RunSummary>('/admin/runs/summary?hours=24'))
    } catch {
      replace(element)
    }
  }
  const stop = watchLive({ ended: () => (timer ??= setTimeout(() => void load(), LEAST_PAUSE_MS)) })
  void load()
  return {
    element,
    leave() {
      clearTimeout(timer)
      stop()
    },
  }
}

function draw(element: HTMLElement, { total, latency_ms, first_event_ms, series }: RunSummary): void {
  const tokens = total.input_tokens + total.output_tokens
  replace(
    element,
    figure(
      'Runs, 24 h',
      count(total.runs),
      series.map(({ runs }) => runs),
      `${count(total.errors)} failed · ${percent(total.errors / total.runs)}`,
    ),
    figure('Answer time', duration(latency_ms.p50), undefined, `95 % within ${duration(latency_ms.p95)}`),
    figure(
      'First words',
      duration(first_event_ms.p50),
      undefined,
      `95 % within ${duration(first_event_ms.p95)}`,
    ),
    figure(
      'Tokens',
      short(tokens),
      series.map((sums) => sums.input_tokens + sums.output_tokens),
      `${percent(total.cached_tokens / total.input_tokens)} of input from prompt caches`,
    ),
    figure(
      'Cost',
      money(total.cost_usd),
      series.map(({ cost_usd }) => cost_usd),
      total.saved_usd > 0 ? `${money(total.saved_usd)} saved by the cache` : 'as billed upstream',
    ),
  )
}

const figure = (
  name: string,
  value: string,
  values: readonly number[] | undefined,
  note: string,
): HTMLElement =>
  h(
    'div.figure',
    {},
    h('dt', {}, name),
    h('dd.figure-value', {}, value),
    h('dd.figure-note', {}, note),
    values ? sparkline(values) : null,
  )
