import type { RunStep } from '../wire/server/runs.ts'
import { h } from './dom.ts'
import { duration } from './format.ts'

/** The eight steps of a request, in their order. */
const STEPS = ['validate', 'map-model', 'cache', 'convert', 'call', 'tools', 'continue', 'respond']

/** Which steps are drawn how: the model's time, the tools' time, and ours. */
const kindOf = (name: string): string =>
  ({ call: 'call', continue: 'call', tools: 'tools', respond: 'respond', cache: 'cache' })[name] ?? 'own'

interface Timed {
  readonly steps: readonly RunStep[]
  readonly totalMs: number
  /** When the model began to answer. */
  readonly firstEventMs?: number | null
}

function bar({ name, start_ms, duration_ms, outcome }: RunStep, totalMs: number): HTMLElement {
  const element = h(`span.bar.is-${kindOf(name)}.ended-${outcome}`)
  const scale = 100 / Math.max(totalMs, 0.001)
  element.style.left = `${Math.min(start_ms * scale, 99.5)}%`
  element.style.width = `${Math.max(duration_ms * scale, 0.4)}%`
  return element
}

/** A call as two bars where one knows when the answer began: the wait is pale, the answer is not. */
function bars(step: RunStep, { totalMs, firstEventMs }: Timed): HTMLElement[] {
  const { name, start_ms, duration_ms, outcome } = step
  const waitMs = (firstEventMs ?? 0) - start_ms
  if (name !== 'call' || outcome !== 'ok' || waitMs <= 0 || waitMs >= duration_ms) return [bar(step, totalMs)]
  const wait = bar({ ...step, duration_ms: waitMs }, totalMs)
  wait.classList.add('is-wait')
  return [wait, bar({ ...step, start_ms: start_ms + waitMs, duration_ms: duration_ms - waitMs }, totalMs)]
}

/** A request's way in one line. `respond` lasts as long as the rest, so it is left out here. */
export const miniWaterfall = (timed: Timed): HTMLElement =>
  h(
    'span.mini-waterfall',
    { 'aria-hidden': 'true' },
    timed.steps.filter(({ name }) => name !== 'respond').flatMap((step) => bars(step, timed)),
  )

/** A request's way over the eight steps, with what is known of each. */
export function waterfall(timed: Timed): HTMLElement {
  const { steps, totalMs } = timed
  const rows = STEPS.map((name) => {
    const ran = steps.filter((step) => step.name === name)
    const sum = ran.reduce((total, step) => total + step.duration_ms, 0)
    const words =
      ran.length === 0 ? 'not reached' : `${ran.length > 1 ? `${ran.length} in ` : ''}${duration(sum)}`
    return h(
      `div.waterfall-row${ran.length === 0 ? '.is-unreached' : ''}`,
      { role: 'row' },
      h('span.step-name', { role: 'rowheader' }, name),
      h(
        'span.track',
        { role: 'cell', 'aria-hidden': 'true' },
        ran.flatMap((step) => bars(step, timed)),
      ),
      h('span.step-time', { role: 'cell' }, ran.length === 0 ? h('span.muted', {}, words) : words),
      ran.some(
        ({ attributes, outcome }) =>
          attributes !== undefined || outcome === 'error' || outcome === 'cancelled',
      )
        ? h('span.step-facts', { role: 'cell' }, onceEach(ran.flatMap(factsOf)))
        : null,
    )
  })
  return h(
    'div.waterfall',
    { role: 'table', 'aria-label': 'Steps of this request' },
    h(
      'div.waterfall-scale',
      { 'aria-hidden': 'true' },
      [0, 0.25, 0.5, 0.75, 1].map((share) => h('span', {}, duration(totalMs * share))),
    ),
    rows,
  )
}

const factsOf = ({ attributes = {}, outcome }: RunStep): HTMLElement[] => [
  ...(outcome === 'ok' || outcome === 'running'
    ? []
    : [h(`span.chip.is-${outcome}`, {}, outcome === 'error' ? 'failed' : outcome)]),
  ...Object.entries(attributes).map(([name, value]) =>
    h('span.chip', {}, `${name.replaceAll('_', ' ')} `, h('b', {}, textOf(value))),
  ),
]

/** What was the same each time a step ran is said once. */
const onceEach = (facts: readonly HTMLElement[]): HTMLElement[] => [
  ...new Map(facts.map((fact) => [fact.textContent, fact])).values(),
]

const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))
