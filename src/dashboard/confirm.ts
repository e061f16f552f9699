import { h } from './dom.ts'

const FORGET_AFTER_MS = 4000

/** What a button says: at first, when it asks once more, and while it is done. */
export interface ConfirmWords {
  readonly text: string
  readonly question: string
  readonly doing: string
}

/**
 * A button that asks once more before it does something that cannot be undone, and tells where that fails. What asks,
 * works or has failed holds its place: see `polledView`. `id` is the button's own on the page.
 */
export function confirmed(
  id: string,
  { text, question, doing }: ConfirmWords,
  act: () => Promise<void>,
): HTMLElement {
  let state: 'ready' | 'asking' | 'doing' = 'ready'
  let timer: ReturnType<typeof setTimeout> | undefined
  const note = h('span.muted', { role: 'status' })
  const button = h('button', { type: 'button', id }, text)
  const element = h('span.confirmed', {}, button, note)

  const become = (next: typeof state): void => {
    state = next
    button.textContent = { ready: text, asking: question, doing }[next]
    button.classList.toggle('is-asking', next === 'asking')
    // `disabled` would take the focus away.
    button.setAttribute('aria-disabled', String(next === 'doing'))
    element.toggleAttribute('data-holds', next !== 'ready')
  }
  const forgetSoon = (): void => {
    clearTimeout(timer)
    timer = setTimeout(() => {
      note.textContent = ''
      become('ready')
    }, FORGET_AFTER_MS)
  }
  const run = async (): Promise<void> => {
    clearTimeout(timer)
    become('doing')
    try {
      await act()
      become('ready')
    } catch (error) {
      become('ready')
      note.textContent = ` ${error instanceof Error ? error.message : String(error)}`
      element.toggleAttribute('data-holds', true)
      forgetSoon()
    }
  }
  button.addEventListener('click', ({ detail: clicks }) => {
    // The second click of a double one is no answer to the question.
    if (state === 'doing' || clicks > 1) return
    if (state === 'asking') void run()
    else {
      note.textContent = ''
      become('asking')
      forgetSoon()
    }
  })
  return element
}
