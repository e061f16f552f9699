import type { ModelOverview } from '../../wire/server/operation.ts'
import { send } from '../api.ts'
import { h, replace } from '../dom.ts'
import { money, short } from '../format.ts'
import { polledView } from '../polled-view.ts'
import { table } from '../table.ts'
import type { View } from '../view.ts'

const SHOWN = 100

/** Which model answers what, a switch for the aliases, and the catalogue. */
export const modelsView = (): View =>
  polledView<ModelOverview>('Models', '/admin/models', 15_000, (overview, refresh) => [
    h('h3', {}, 'Aliases'),
    h('div.cards', {}, switcher('big', overview, refresh), switcher('small', overview, refresh)),
    overview.switched
      ? h(
          'p.notice',
          {},
          'Switched by hand: it holds until the next start. ANTHROPIC_MODEL and ANTHROPIC_SMALL_FAST_MODEL make it last.',
        )
      : h('p.muted', {}, 'A switch holds for new requests at once, and until the next start.'),
    ...named('More aliases', overview.aliases),
    ...named('Routes', overview.routes),
    h('h3', {}, `Catalogue, ${overview.catalogue.length} models`),
    catalogue(overview),
    h(
      'datalist',
      { id: 'known-models' },
      overview.catalogue.map(({ id }) => h('option', { value: id })),
    ),
  ])

function switcher(
  alias: 'big' | 'small',
  overview: ModelOverview,
  refresh: (answer: ModelOverview) => void,
): HTMLElement {
  const input = h('input', {
    name: alias,
    list: 'known-models',
    value: overview[alias],
    required: true,
    'aria-label': `Model for ${alias}`,
  })
  const note = h('p.muted', { role: 'status' })
  const change = async (model: string | null): Promise<void> => {
    try {
      refresh(await send<ModelOverview>('PUT', '/admin/models', { [alias]: model }))
    } catch (error) {
      replace(note, error instanceof Error ? error.message : String(error))
    }
  }
  return h(
    'form.card',
    {
      onsubmit: (event: Event) => {
        event.preventDefault()
        void change(input.value.trim())
      },
    },
    h('h4', {}, alias),
    h('p.card-value', {}, overview[alias]),
    h(
      'div.row',
      {},
      input,
      h('button', { type: 'submit' }, 'Switch'),
      overview.switched
        ? h('button.quiet', { type: 'button', onclick: () => void change(null) }, 'Reset')
        : null,
    ),
    note,
  )
}

const named = (title: string, entries: Readonly<Record<string, string>>): HTMLElement[] =>
  Object.keys(entries).length === 0
    ? []
    : [h('h3', {}, title), table(title, ['Name', 'Model'], Object.entries(entries))]

function catalogue({ catalogue: models }: ModelOverview): HTMLElement {
  const list = h('div')
  const show = (text: string): void => {
    const fitting = models.filter(({ id, name }) =>
      `${id} ${name}`.toLowerCase().includes(text.toLowerCase()),
    )
    replace(
      list,
      table(
        'Catalogue',
        ['Model', 'Name', 'Upstream', 'Context', 'Input, per million', 'Output, per million'],
        fitting
          .slice(0, SHOWN)
          .map((model) => [
            model.id,
            model.name,
            model.upstream,
            short(model.context_tokens),
            money(model.input_usd_per_million),
            money(model.output_usd_per_million),
          ]),
        [3, 4, 5],
      ),
      fitting.length > SHOWN ? h('p.muted', {}, `${fitting.length - SHOWN} more; search for them.`) : null,
    )
  }
  show('')
  return h(
    'div',
    {},
    h('input', {
      type: 'search',
      placeholder: 'Search the models',
      'aria-label': 'Search the models',
      'data-search': true,
      oninput: (event: Event) => show((event.target as HTMLInputElement).value),
    }),
    list,
  )
}
