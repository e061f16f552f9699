import { h } from './dom.ts'

let asking: Promise<string> | undefined

/** Asks the reader for the operator's key, once for all who wait for it. It stays in this tab. */
export async function askForKey(wasWrong: boolean): Promise<string> {
  asking ??= prompt(wasWrong).finally(() => {
    asking = undefined
  })
  return asking
}

async function prompt(wasWrong: boolean): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>()
  const input = h('input', {
    type: 'password',
    id: 'admin-key',
    autocomplete: 'current-password',
    required: true,
    'aria-describedby': 'admin-key-help',
  })
  const dialog = h(
    'dialog.key-prompt',
    { 'aria-labelledby': 'admin-key-title', oncancel: (event: Event) => event.preventDefault() },
    h(
      'form',
      { method: 'dialog' },
      h('h2', { id: 'admin-key-title' }, "Operator's key"),
      h(
        'p.muted',
        { id: 'admin-key-help' },
        wasWrong ? 'That key is not the right one. ' : '',
        'The server was started with ADMIN_API_KEY. The key stays in this tab.',
      ),
      h('label', { for: 'admin-key' }, 'Key'),
      input,
      h('button.primary', { type: 'submit' }, 'Open the dashboard'),
    ),
  )
  dialog.addEventListener('close', () => {
    dialog.remove()
    resolve(input.value.trim())
  })
  document.body.append(dialog)
  dialog.showModal()
  input.focus()
  return promise
}
