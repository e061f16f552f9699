import { get } from './api.ts'
import { h, replace } from './dom.ts'
import type { View } from './view.ts'

/** A page that shows what the server says at one address, again and again. */
export function polledView<Answer>(
  title: string,
  path: string,
  everyMs: number,
  draw: (answer: Answer, refresh: (answer?: Answer) => void) => readonly Node[],
): View {
  const content = h('div.stack')
  let left = false
  /** The answer that is shown, as text. */
  let shown = ''
  const show = (answer: Answer): void => {
    if (left) return
    shown = JSON.stringify(answer)
    const putBack = keepPlace(content)
    replace(content, draw(answer, refresh))
    putBack()
  }
  const load = async (mayWait: boolean): Promise<void> => {
    try {
      const answer = await get<Answer>(path)
      if (!mayWait || !(isHeld(content) || JSON.stringify(answer) === shown)) show(answer)
    } catch (error) {
      shown = ''
      if (!left) replace(content, h('p.notice', {}, error instanceof Error ? error.message : String(error)))
    }
  }
  const refresh = (answer?: Answer): void => {
    if (answer === undefined) void load(false)
    else show(answer)
  }
  void load(true)
  const timer = setInterval(() => void load(true), everyMs)
  return {
    element: h('section', { 'aria-label': title }, h('h1', {}, title), content),
    leave() {
      left = true
      clearInterval(timer)
    },
  }
}

/** What a reader types into, or is asked, stays as it is until that is over. */
const isHeld = (content: HTMLElement): boolean =>
  content.querySelector('[data-holds]') !== null ||
  [...content.querySelectorAll('input')].some(
    (input) => input === document.activeElement || input.value !== input.defaultValue,
  )

/** Remembers the focus, and how far tables are scrolled; the result puts both back on what has taken their place. */
function keepPlace(content: HTMLElement): () => void {
  const { activeElement } = document
  const hadFocus = content.contains(activeElement)
  const focused = activeElement && keyOf(activeElement)
  const scrolled = new Map(regionsOf(content).map((region) => [keyOf(region), region.scrollLeft]))
  return () => {
    const regions = regionsOf(content)
    for (const region of regions) region.scrollLeft = scrolled.get(keyOf(region)) ?? 0
    if (!hadFocus) return
    const elements = [...content.querySelectorAll<HTMLElement>('[id], [aria-label]')]
    const same = elements.find((element) => keyOf(element) === focused)
    // What is gone, such as a button that was pressed, leaves the focus to the table that it was in.
    const next = same ?? regions[0]
    next?.focus({ preventScroll: true })
  }
}

const regionsOf = (content: HTMLElement): HTMLElement[] => [
  ...content.querySelectorAll<HTMLElement>('.scroll-x'),
]

const keyOf = (element: Element): string => element.id || (element.getAttribute('aria-label') ?? '')
