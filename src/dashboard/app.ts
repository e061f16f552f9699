import type { ServerOverview } from '../wire/server/operation.ts'
import { get } from './api.ts'
import { h, replace } from './dom.ts'
import { followLive, watchLive } from './live.ts'
import { installTheme } from './theme.ts'
import { linkTo, readRoute, type View } from './view.ts'
import { batchesView } from './views/batches.ts'
import { cacheView } from './views/cache.ts'
import { modelsView } from './views/models.ts'
import { runsView } from './views/runs.ts'
import { toolsView } from './views/tools.ts'
import { upstreamsView } from './views/upstreams.ts'
import { usageView } from './views/usage.ts'

/** The pages: their name in the address, their title, and how they are made. */
const VIEWS: ReadonlyArray<readonly [string, string, (id: string | undefined) => View]> = [
  ['runs', 'Runs', (openId) => runsView({ name: 'runs', title: 'Runs', openId })],
  ['errors', 'Errors', (openId) => runsView({ name: 'errors', title: 'Errors', outcome: 'error', openId })],
  ['usage', 'Usage', usageView],
  ['cache', 'Cache', cacheView],
  ['batches', 'Batches', batchesView],
  ['tools', 'Tools', toolsView],
  ['upstreams', 'Upstreams', upstreamsView],
  ['models', 'Models', modelsView],
]

const main = h('main', { id: 'main', tabindex: -1 })
const links = new Map<string, HTMLAnchorElement>(
  VIEWS.map(([name, title]) => [name, h('a', { href: linkTo(name) }, title)]),
)
const brand = h('p.brand', {}, h('span.brand-mark', { 'aria-hidden': 'true' }), 'Anthropic Server')
const liveText = h('p.live', { role: 'status' })

let current: View | undefined
let shown = ''

function show(): void {
  const { view, id } = readRoute()
  const [name, title, make] = VIEWS.find(([candidate]) => candidate === view) ?? VIEWS[0] ?? []
  if (name === undefined || make === undefined || (name === shown && id === undefined)) return
  current?.leave?.()
  current = make(id)
  shown = name
  document.title = `${title} · OpenRouter Anthropic Server`
  for (const [key, link] of links) {
    if (key === name) {
      link.setAttribute('aria-current', 'page')
      // On a narrow screen it may be out of sight.
      link.scrollIntoView({ block: 'nearest', inline: 'nearest' })
    } else link.removeAttribute('aria-current')
  }
  replace(main, current.element)
  current.enter?.()
}

/** `/` goes to the search field, as in many tools; digits go to the pages. */
function takeShortcut(event: KeyboardEvent): void {
  const isTyping = event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return
  if (event.key === '/') {
    event.preventDefault()
    document.querySelector<HTMLElement>('[data-search]')?.focus()
  }
  const view = VIEWS[Number(event.key) - 1]
  if (view) location.hash = linkTo(view[0])
}

document.body.append(
  h(
    'a.skip',
    { href: '#main', onclick: (event: Event) => (event.preventDefault(), main.focus()) },
    'Skip to content',
  ),
  h(
    'header.bar',
    {},
    brand,
    h('nav', { 'aria-label': 'Pages' }, [...links.values()]),
    h('div.bar-end', {}, liveText, installTheme()),
  ),
  main,
)
addEventListener('hashchange', show)
addEventListener('keydown', takeShortcut)
watchLive({
  changed({ connected, count }) {
    liveText.classList.toggle('is-connected', connected)
    replace(
      liveText,
      h('span.live-mark', { 'aria-hidden': 'true' }),
      h('span.live-text', {}, connected ? `live · ${count} running` : 'not connected'),
    )
  },
})
show()
void followLive()
void showNotice()

/** What a reader must know before believing what stands here. */
async function showNotice(): Promise<void> {
  const { demo, recording, version } = await get<ServerOverview>('/admin/overview')
  brand.title = `version ${version}`
  if (demo) liveText.before(h('span.chip', { title: 'No key is set, so no real model answers' }, 'demo'))
  if (recording) liveText.before(h('span.chip', { title: 'What is said is kept' }, 'recording'))
}
