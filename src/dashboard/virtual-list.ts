import { h } from './dom.ts'

export interface VirtualListOptions<Item> {
  readonly rowHeight: number
  readonly idOf: (item: Item) => string
  readonly render: (item: Item) => HTMLElement
  /** Called when the reader comes near the end. */
  readonly onEnd: () => void
}

export interface VirtualList<Item> {
  readonly element: HTMLElement
  /** Shows these items; where the reader has scrolled, what is seen stays in its place. */
  show(items: readonly Item[]): void
  /** Makes sure that an item is seen, and gives it the focus. */
  focus(index: number): void
  toTop(): void
}

const BEYOND = 8

/** A list of rows of one height, of which only those in sight exist; so its length costs nothing. */
export function createVirtualList<Item>(options: VirtualListOptions<Item>): VirtualList<Item> {
  const { rowHeight, idOf, render, onEnd } = options
  const rows = new Map<string, HTMLElement>()
  const space = h('div.virtual-space')
  const element = h('div.virtual-list', { role: 'rowgroup', tabindex: -1 }, space)
  let items: readonly Item[] = []

  const draw = (): void => {
    const first = Math.max(0, Math.floor(element.scrollTop / rowHeight) - BEYOND)
    const last = Math.min(
      items.length,
      Math.ceil((element.scrollTop + element.clientHeight) / rowHeight) + BEYOND,
    )
    const seen = new Set<string>()
    for (let index = first; index < last; index++) {
      const item = items[index]
      if (item === undefined) continue
      const id = idOf(item)
      seen.add(id)
      const row = rows.get(id) ?? add(id, item)
      row.style.transform = `translateY(${index * rowHeight}px)`
      row.dataset['index'] = String(index)
    }
    for (const [id, row] of rows) {
      if (seen.has(id) || row === document.activeElement) continue
      row.remove()
      rows.delete(id)
    }
    if (last >= items.length - BEYOND) onEnd()
  }
  const add = (id: string, item: Item): HTMLElement => {
    const row = render(item)
    rows.set(id, row)
    space.append(row)
    return row
  }
  element.addEventListener('scroll', () => requestAnimationFrame(draw), { passive: true })
  new ResizeObserver(draw).observe(element)

  return {
    element,
    show(next) {
      const anchor =
        element.scrollTop > rowHeight ? items[Math.floor(element.scrollTop / rowHeight)] : undefined
      const before = anchor === undefined ? 0 : items.indexOf(anchor)
      items = next
      space.style.height = `${items.length * rowHeight}px`
      if (anchor !== undefined) {
        const id = idOf(anchor)
        const after = items.findIndex((item) => idOf(item) === id)
        if (after > before) element.scrollTop += (after - before) * rowHeight
      }
      draw()
    },
    focus(index) {
      const top = index * rowHeight
      if (top < element.scrollTop) element.scrollTop = top
      else if (top + rowHeight > element.scrollTop + element.clientHeight)
        element.scrollTop = top + rowHeight - element.clientHeight
      draw()
      const item = items[index]
      if (item !== undefined) rows.get(idOf(item))?.focus()
    },
    toTop() {
      element.scrollTop = 0
      for (const row of rows.values()) row.remove()
      rows.clear()
    },
  }
}
