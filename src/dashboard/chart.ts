import { h, s } from './dom.ts'

/** A few bars without a scale: only the shape of a day. */
export function sparkline(values: readonly number[]): SVGElement {
  const most = Math.max(...values, 1e-12)
  return s(
    'svg.sparkline',
    { viewBox: `0 0 ${values.length * 3} 24`, preserveAspectRatio: 'none', 'aria-hidden': 'true' },
    values.map((value, index) => {
      const height = value === 0 ? 0.6 : Math.max(1.5, (value / most) * 24)
      return s('rect', { x: index * 3, y: 24 - height, width: 2.2, height, class: value === 0 ? 'zero' : '' })
    }),
  )
}

/** What is stacked on one another in every bar. */
export interface Stack {
  readonly name: string
  readonly values: readonly number[]
}

export interface BarChartOptions {
  readonly label: string
  /** When each bar begins. */
  readonly starts: readonly string[]
  readonly bucketMs: number
  readonly stacks: readonly Stack[]
  readonly format: (value: number) => string
}

/** Nearly as wide as the screen leaves it, so that its words keep their size. */
const widthOf = (): number => Math.min(720, Math.max(280, document.documentElement.clientWidth - 64))
const HEIGHT = 160
const LEFT = 56
const BOTTOM = 20
const TOP = 8
const LABEL_WIDTH = 76

/**
 * Bars over time, stacked by name. Each layer has a pattern as well as a shade. Bars can be walked along with the
 * arrow keys and say what they hold.
 */
export function barChart({ label, starts, bucketMs, stacks, format }: BarChartOptions): HTMLElement {
  const sums = starts.map((_, index) => stacks.reduce((sum, { values }) => sum + (values[index] ?? 0), 0))
  const top = niceTop(Math.max(...sums, 0))
  const width = widthOf()
  const step = (width - LEFT) / Math.max(starts.length, 1)
  const scale = (HEIGHT - TOP - BOTTOM) / top
  const readout = h('p.chart-readout', { role: 'status' }, ' ')
  const tell = (index: number): void => {
    const parts = stacks.flatMap(({ name, values }) => {
      const value = values[index] ?? 0
      return value === 0 ? [] : `${name} ${format(value)}`
    })
    readout.textContent = `${timeOf(starts[index], bucketMs)}: ${format(sums[index] ?? 0)}${
      parts.length > 1 ? ` (${parts.join(', ')})` : ''
    }`
  }
  const bars = starts.map((_, index) => {
    let y = HEIGHT - BOTTOM
    const layers = stacks.map(({ values }, layer) => {
      const height = (values[index] ?? 0) * scale
      y -= height
      return height === 0
        ? null
        : s(`rect.layer-${layer % 6}`, { x: LEFT + index * step + step * 0.1, y, width: step * 0.8, height })
    })
    return s(
      'g.chart-bar',
      {
        tabindex: index === starts.length - 1 ? 0 : -1,
        role: 'img',
        'aria-label': `${timeOf(starts[index], bucketMs)}: ${format(sums[index] ?? 0)}`,
        onfocus: () => tell(index),
        onmouseenter: () => tell(index),
      },
      s('rect.hit', { x: LEFT + index * step, y: TOP, width: step, height: HEIGHT - TOP - BOTTOM }),
      layers,
    )
  })
  const chart = s(
    'svg.chart',
    {
      viewBox: `0 0 ${width} ${HEIGHT}`,
      role: 'group',
      'aria-label': `${label}; arrow keys walk along the bars`,
      onkeydown: (event: KeyboardEvent) => walk(event, bars),
    },
    patterns(),
    [0, 0.5, 1].map((share) => {
      const y = HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)
      return [
        s('line.grid', { x1: LEFT, x2: width, y1: y, y2: y }),
        s('text.axis', { x: LEFT - 6, y: y + 4, 'text-anchor': 'end' }, format(top * share)),
      ]
    }),
    bars,
    timeLabels(starts, step, bucketMs, width),
  )
  return h('figure.chart-figure', {}, h('figcaption', {}, label), chart, readout)
}

function walk(event: KeyboardEvent, bars: readonly SVGElement[]): void {
  const at = bars.indexOf(event.target as SVGElement)
  const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: bars.length - 1 }[event.key]
  const bar = to === undefined || at < 0 ? undefined : bars[to]
  if (!bar) return
  event.preventDefault()
  for (const other of bars) other.setAttribute('tabindex', '-1')
  bar.setAttribute('tabindex', '0')
  bar.focus()
}

/** Lines over the shades, so that layers differ without colour. */
const patterns = (): SVGElement =>
  s(
    'defs',
    {},
    [
      ['1', 'M0 6 6 0'],
      ['2', 'M3 0V6'],
      ['3', 'M0 3H6'],
      ['4', 'M0 0 6 6M0 6 6 0'],
      ['5', 'M1.5 1.5h.1M4.5 4.5h.1'],
    ].map(([name, d]) =>
      s(
        'pattern',
        { id: `pattern-${name}`, width: 6, height: 6, patternUnits: 'userSpaceOnUse' },
        s(`rect.pattern-ground-${name}`, { width: 6, height: 6 }),
        s('path.pattern-line', { d }),
      ),
    ),
  )

/** The next number above that one can read off: 1, 2 or 5 of some power of ten. */
function niceTop(value: number): number {
  if (value <= 0) return 1
  const power = 10 ** Math.floor(Math.log10(value))
  return ([1, 2, 5, 10].find((factor) => factor * power >= value) ?? 10) * power
}

const DAY_MS = 86_400_000

function timeOf(iso: string | undefined, bucketMs: number): string {
  if (iso === undefined) return ''
  const date = new Date(iso)
  const day = date.toLocaleDateString('en', { month: 'short', day: 'numeric' })
  const time = date.toLocaleTimeString('en', { hour: '2-digit', minute: '2-digit', hour12: false })
  return bucketMs >= DAY_MS ? day : `${day} ${time}`
}

function timeLabels(starts: readonly string[], step: number, bucketMs: number, width: number): SVGElement[] {
  const most = Math.min(6, Math.floor((width - LEFT) / LABEL_WIDTH))
  const every = Math.max(1, Math.ceil(starts.length / most))
  return starts.flatMap((start, index) =>
    index % every === 0 && LEFT + index * step < width - LABEL_WIDTH
      ? s('text.axis', { x: LEFT + index * step, y: HEIGHT - 5 }, timeOf(start, bucketMs))
      : [],
  )
}

/** The mark of a layer, for legends and tables. */
export const layerMark = (layer: number): SVGElement =>
  s(
    'svg.layer-mark',
    { viewBox: '0 0 12 12', width: 12, height: 12, 'aria-hidden': 'true' },
    s(`rect.layer-${layer % 6}`, { width: 12, height: 12, rx: 2 }),
  )
