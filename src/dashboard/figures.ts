import { h } from './dom.ts'

/** A few figures in a row: name, value, and a word on it. */
export const figures = (
  label: string,
  entries: ReadonlyArray<readonly [name: string, value: string, note: string, picture?: Node]>,
): HTMLElement =>
  h(
    'dl.figures',
    { 'aria-label': label },
    entries.map(([name, value, note, picture]) =>
      h(
        'div.figure',
        {},
        h('dt', {}, name),
        h('dd.figure-value', {}, value),
        h('dd.figure-note', {}, note),
        picture ?? null,
      ),
    ),
  )
