import type { UpstreamOverview } from '../../wire/server/operation.ts'
import { h } from '../dom.ts'
import { count, moment, percent } from '../format.ts'
import { polledView } from '../polled-view.ts'
import { type Status, statusLabel } from '../status.ts'
import { table } from '../table.ts'
import type { View } from '../view.ts'

/** Where answers come from, and which models are let through. */
export const upstreamsView = (): View =>
  polledView<UpstreamOverview>('Upstreams', '/admin/upstreams', 5000, ({ data, breakers }) => [
    table(
      'Upstreams, last hour',
      ['Name', 'Address', 'Speaks', 'Models', 'Runs', 'Failed', 'Last failure'],
      data.map((upstream) => [
        h(
          'span',
          {},
          statusLabel(upstream.runs > 0 && upstream.errors === upstream.runs ? 'error' : 'ok', upstream.name),
        ),
        upstream.base_url,
        upstream.wire === 'messages' ? 'Messages API' : 'chat completions',
        count(upstream.models),
        count(upstream.runs),
        upstream.runs === 0 ? '–' : `${count(upstream.errors)} · ${percent(upstream.errors / upstream.runs)}`,
        upstream.last_error === null
          ? '–'
          : h('span.wraps', {}, `${moment(upstream.last_error_at ?? '')} ${upstream.last_error}`),
      ]),
      [3, 4, 5],
    ),
    h('h3', {}, 'Circuit breakers'),
    breakers.length === 0
      ? h('p.muted', {}, 'None has anything to tell: no model has been failing.')
      : table(
          'Circuit breakers',
          ['Model', 'State', 'Failures, 30 s', 'Answers, 30 s', 'Refused', 'Tried again'],
          breakers.map((breaker) => [
            `${breaker.upstream}: ${breaker.model}`,
            statusLabel(PHASES[breaker.phase] ?? 'ok', breaker.phase),
            count(breaker.failures),
            count(breaker.successes),
            count(breaker.refused),
            breaker.open_until === null ? '–' : moment(breaker.open_until),
          ]),
          [2, 3, 4],
        ),
  ])

const PHASES: Readonly<Record<string, Status>> = { closed: 'ok', open: 'error', 'half-open': 'waiting' }
