import { h } from './dom.ts'

type Cell = Node | string

/** A table whose first column names the row. `numbers` are the columns that are set to the right. */
export const table = (
  label: string,
  headings: readonly string[],
  rows: ReadonlyArray<readonly Cell[]>,
  numbers: readonly number[] = [],
): HTMLElement =>
  h(
    'div.scroll-x',
    { tabindex: 0, role: 'region', 'aria-label': label },
    h(
      'table.data',
      {},
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          headings.map((text, index) => h('th', { scope: 'col', class: classOf(index, numbers) }, text)),
        ),
      ),
      h(
        'tbody',
        {},
        rows.map((cells) =>
          h(
            'tr',
            {},
            cells.map((cell, index) =>
              index === 0
                ? h('th', { scope: 'row', title: textOf(cell) }, cell)
                : h('td', { class: classOf(index, numbers) }, cell),
            ),
          ),
        ),
      ),
    ),
  )

/** The whole of what may be cut off. */
const textOf = (cell: Cell): string => (typeof cell === 'string' ? cell : (cell.textContent ?? ''))

const classOf = (index: number, numbers: readonly number[]): string =>
  numbers.includes(index) ? 'number' : ''
