import { h } from './dom.ts'

const KEY = 'theme'
const THEMES = ['auto', 'light', 'dark'] as const
type Theme = (typeof THEMES)[number]

const read = (): Theme => THEMES.find((theme) => theme === localStorage.getItem(KEY)) ?? 'auto'

/** Light, dark, or as the system has it; the choice is remembered. */
export function installTheme(): HTMLElement {
  let theme = read()
  const button = h('button.quiet.theme', {
    type: 'button',
    onclick: () => {
      theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? 'auto'
      localStorage.setItem(KEY, theme)
      apply()
    },
  })
  const apply = (): void => {
    document.documentElement.dataset['theme'] = theme
    button.textContent = { auto: '◐', light: '○', dark: '●' }[theme]
    button.title = `Colours: ${theme}`
    button.setAttribute('aria-label', `Colours: ${theme}`)
  }
  apply()
  return button
}
