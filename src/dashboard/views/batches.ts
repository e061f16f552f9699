import type { BatchOverview } from '../../wire/server/operation.ts'
import { send } from '../api.ts'
import { confirmed } from '../confirm.ts'
import { h } from '../dom.ts'
import { count, moment } from '../format.ts'
import { polledView } from '../polled-view.ts'
import { type Status, statusLabel } from '../status.ts'
import { table } from '../table.ts'
import type { View } from '../view.ts'

type Batch = BatchOverview['data'][number]

/** Message batches of all keys, with how far they are. */
export const batchesView = (): View =>
  polledView<BatchOverview>('Batches', '/admin/batches', 2000, (overview, refresh) =>
    overview.data.length === 0
      ? [h('p.notice', {}, 'No batches. POST /v1/messages/batches runs many requests in the background.')]
      : [
          h(
            'p.muted',
            {},
            `${count(overview.running)} calls under way, ${overview.requests_per_second.toFixed(1)} a second`,
          ),
          table(
            'Batches',
            [
              'Batch',
              'State',
              'Progress',
              'Answered',
              'Failed',
              'Cancelled',
              'Expired',
              'Key',
              'Created',
              '',
            ],
            overview.data.map((batch) => [
              h('span.mono', {}, batch.id),
              statusLabel(statusOf(batch), batch.state.replace('_', ' ')),
              progress(batch),
              count(batch.succeeded),
              count(batch.errored),
              count(batch.canceled),
              count(batch.expired),
              batch.key,
              moment(batch.created_at),
              batch.state === 'in_progress' ? cancelButton(batch, refresh) : '',
            ]),
            [3, 4, 5, 6],
          ),
        ],
  )

function statusOf({ state, canceled, expired }: Batch): Status {
  if (state === 'in_progress') return 'running'
  return state === 'canceling' || canceled + expired > 0 ? 'cancelled' : 'ok'
}

const CANCEL = { text: 'Cancel', question: 'Really cancel', doing: 'Cancelling…' }

const cancelButton = ({ id }: Batch, refresh: (answer: BatchOverview) => void): HTMLElement =>
  confirmed(`cancel-${id}`, CANCEL, async () => {
    refresh(await send<BatchOverview>('POST', `/admin/batches/${encodeURIComponent(id)}/cancel`))
  })

function progress({ succeeded, errored, canceled, expired, total }: Batch): HTMLElement {
  const done = succeeded + errored + canceled + expired
  const meter = h('progress', { max: Math.max(total, 1), value: done, 'aria-label': `${done} of ${total}` })
  return h('span.progress', {}, meter, ` ${count(done)} of ${count(total)}`)
}
