import { h } from './dom.ts'

const FORGET_AFTER_MS = 4000

/** A button that asks once more before it does something that cannot be undone. */
export function confirmed(text: string, question: string, act: () => Promise<void>): HTMLButtonElement {
  let asked = false
  const button = h('button', {
    type: 'button',
    onclick: () => {
      if (!asked) {
        asked = true
        button.textContent = question
        button.classList.add('is-asking')
        setTimeout(reset, FORGET_AFTER_MS)
        return
      }
      button.disabled = true
      act().catch((error: unknown) => {
        button.disabled = false
        button.textContent = error instanceof Error ? error.message : String(error)
      })
    },
  })
  const reset = (): void => {
    asked = false
    button.textContent = text
    button.classList.remove('is-asking')
  }
  reset()
  return button
}
