import type { RunSummary } from '../../wire/server/runs.ts'
import { get } from '../api.ts'
import { barChart, layerMark } from '../chart.ts'
import { h, replace } from '../dom.ts'
import { count, money, percent, short } from '../format.ts'
import type { View } from '../view.ts'

const WINDOWS = [
  ['1', 'Hour'],
  ['24', 'Day'],
  ['168', 'Week'],
  ['720', '30 days'],
] as const

const GROUPINGS = [
  ['model', 'Model'],
  ['key', 'Key'],
  ['conversation', 'Conversation'],
  ['agent', 'Sub-agent'],
  ['upstream', 'Upstream'],
  ['provider', 'Provider'],
] as const

/** Cost and tokens over time, by what the runs have in common. */
export function usageView(): View {
  const asked = { hours: '24', by: 'model' }
  const content = h('div')
  const load = async (): Promise<void> => {
    try {
      draw(content, await get<RunSummary>(`/admin/runs/summary?${new URLSearchParams(asked)}`))
    } catch (error) {
      replace(content, h('p.notice', {}, error instanceof Error ? error.message : String(error)))
    }
  }
  const choose = (name: keyof typeof asked, value: string): void => {
    asked[name] = value
    void load()
  }
  void load()
  const timer = setInterval(() => void load(), 15_000)
  return {
    element: h(
      'section',
      { 'aria-label': 'Usage' },
      h('h1', {}, 'Usage'),
      h(
        'div.toolbar',
        {},
        h(
          'fieldset.segments',
          {},
          h('legend.visually-hidden', {}, 'How far back'),
          WINDOWS.map(([value, word]) =>
            h(
              'label',
              {},
              h('input', {
                type: 'radio',
                name: 'window',
                value,
                checked: value === asked.hours,
                onchange: () => choose('hours', value),
              }),
              h('span', {}, word),
            ),
          ),
        ),
        h(
          'label.select',
          {},
          'By ',
          h(
            'select',
            { onchange: (event: Event) => choose('by', (event.target as HTMLSelectElement).value) },
            GROUPINGS.map(([value, word]) => h('option', { value }, word)),
          ),
        ),
      ),
      content,
    ),
    leave: () => clearInterval(timer),
  }
}

function draw(content: HTMLElement, { series, bucket_ms, groups, total, by }: RunSummary): void {
  if (total.runs === 0) {
    replace(content, h('p.notice', {}, 'No runs in this time.'))
    return
  }
  const shared = { starts: series.map(({ start }) => start), bucketMs: bucket_ms }
  const nameOf = (name: string): string => (name === '' ? `no ${by}` : name)
  const costs = groups.map(({ name, costs: values }) => ({ name: nameOf(name), values }))
  const tokens = groups.map(({ name, tokens: values }) => ({ name: nameOf(name), values }))
  replace(
    content,
    h(
      'div.charts',
      {},
      barChart({ ...shared, label: `Cost, ${money(total.cost_usd)}`, stacks: costs, format: money }),
      barChart({
        ...shared,
        label: `Tokens, ${short(total.input_tokens + total.output_tokens)}`,
        stacks: tokens,
        format: short,
      }),
    ),
    table(groups, nameOf, total),
  )
}

const HEADINGS = ['Name', 'Runs', 'Failed', 'Input', 'Cached', 'Output', 'Cost', 'Share']

const table = (
  groups: RunSummary['groups'],
  nameOf: (name: string) => string,
  total: RunSummary['total'],
): HTMLElement =>
  h(
    'div.scroll-x',
    { tabindex: 0, role: 'region', 'aria-label': 'Sums' },
    h(
      'table.data',
      {},
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          HEADINGS.map((text, index) => h('th', { scope: 'col', class: index === 0 ? '' : 'number' }, text)),
        ),
      ),
      h(
        'tbody',
        {},
        groups.map((group, layer) => {
          const share = total.cost_usd > 0 ? group.cost_usd / total.cost_usd : group.runs / total.runs
          const meter = h('span.share')
          meter.style.width = `${share * 100}%`
          return h(
            'tr',
            {},
            h('th', { scope: 'row', title: group.name }, layerMark(layer), ' ', nameOf(group.name)),
            h('td.number', {}, count(group.runs)),
            h('td.number', {}, count(group.errors)),
            h('td.number', {}, short(group.input_tokens)),
            h('td.number', {}, percent(group.cached_tokens / group.input_tokens)),
            h('td.number', {}, short(group.output_tokens)),
            h('td.number', {}, money(group.cost_usd)),
            h('td.number', {}, h('span.share-cell', {}, meter, h('span', {}, percent(share)))),
          )
        }),
      ),
      h(
        'tfoot',
        {},
        h(
          'tr',
          {},
          h('th', { scope: 'row' }, 'All'),
          [
            count(total.runs),
            count(total.errors),
            short(total.input_tokens),
            percent(total.cached_tokens / total.input_tokens),
            short(total.output_tokens),
            money(total.cost_usd),
            '',
          ].map((text) => h('td.number', {}, text)),
        ),
      ),
    ),
  )
