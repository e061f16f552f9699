import { h, s } from './dom.ts'

export type Status = 'ok' | 'error' | 'cancelled' | 'running' | 'waiting'

/** A shape for each status, so that none needs its colour to be told from the others. */
const SHAPES: Readonly<Record<Status, () => SVGElement>> = {
  ok: () => s('path', { d: 'M2.5 6.5 5 9l4.5-6', class: 'stroke' }),
  error: () => s('path', { d: 'M6 1 11.2 10.5H.8Z', class: 'solid' }),
  cancelled: () => s('path', { d: 'M2.5 2.5l7 7m0-7l-7 7', class: 'stroke' }),
  running: () => s('circle', { cx: 6, cy: 6, r: 4, class: 'stroke spin' }),
  waiting: () => s('circle', { cx: 6, cy: 6, r: 3.5, class: 'stroke' }),
}

const WORDS: Readonly<Record<Status, string>> = {
  ok: 'answered',
  error: 'failed',
  cancelled: 'cancelled',
  running: 'running',
  waiting: 'waiting',
}

/** The status as a shape; its word is there for those who do not see it. */
export const statusMark = (status: Status): HTMLElement =>
  h(
    `span.status.is-${status}`,
    { role: 'img', 'aria-label': WORDS[status], title: WORDS[status] },
    s('svg', { viewBox: '0 0 12 12', width: 12, height: 12, 'aria-hidden': 'true' }, SHAPES[status]()),
  )

/** Shape and word. */
export const statusLabel = (status: Status, word = WORDS[status]): HTMLElement =>
  h('span.status-label', {}, statusMark(status), ` ${word}`)
