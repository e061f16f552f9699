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
  const show = (answer: Answer): void => {
    // What a reader has opened or typed into stays as it is until the focus leaves it.
    if (!left && !content.contains(document.activeElement)) replace(content, draw(answer, refresh))
  }
  const load = async (): Promise<void> => {
    try {
      show(await get<Answer>(path))
    } catch (error) {
      if (!left) replace(content, h('p.notice', {}, error instanceof Error ? error.message : String(error)))
    }
  }
  const refresh = (answer?: Answer): void => {
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur()
    if (answer === undefined) void load()
    else show(answer)
  }
  void load()
  const timer = setInterval(() => void load(), everyMs)
  return {
    element: h('section', { 'aria-label': title }, h('h1', {}, title), content),
    leave() {
      left = true
      clearInterval(timer)
    },
  }
}
