import type { RunSummary, RunSums } from '../wire/server/runs.ts'
import { get } from './api.ts'
import { sparkline } from './chart.ts'
import { h, replace } from './dom.ts'
import { figures } from './figures.ts'
import { count, duration, money, percent, short } from './format.ts'
import { watchLive } from './live.ts'

const LEAST_PAUSE_MS = 3000

/** The last day in a few figures; they follow what ends. */
export function summaryStrip(): { readonly element: HTMLElement; readonly leave: () => void } {
  const element = h('div')
  let timer: ReturnType<typeof setTimeout> | undefined
  const load = async (): Promise<void> => {
    timer = undefined
    try {
      replace(element, draw(await get<RunSummary>('/admin/runs/summary?hours=24')))
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

function draw({ total, latency_ms, first_event_ms, series }: RunSummary): HTMLElement {
  const tokens = total.input_tokens + total.output_tokens
  const spark = (pick: (sums: RunSums) => number): Node => sparkline(series.map(pick))
  return figures('The last 24 hours', [
    [
      'Runs, 24 h',
      count(total.runs),
      `${count(total.errors)} failed · ${percent(total.errors / total.runs)}`,
      spark(({ runs }) => runs),
    ],
    ['Answer time', duration(latency_ms.p50), `95 % within ${duration(latency_ms.p95)}`],
    ['First words', duration(first_event_ms.p50), `95 % within ${duration(first_event_ms.p95)}`],
    [
      'Tokens',
      short(tokens),
      `${percent(total.cached_tokens / total.input_tokens)} of input was cached`,
      spark(({ input_tokens, output_tokens }) => input_tokens + output_tokens),
    ],
    [
      'Cost',
      money(total.cost_usd),
      total.saved_usd > 0 ? `${money(total.saved_usd)} saved by the cache` : 'as billed upstream',
      spark(({ cost_usd }) => cost_usd),
    ],
  ])
}
