import type { BatchRecord, ResultRow } from './batch.ts'
import type { BatchStore } from './store.ts'

/** How rows are written, and what stands around them. */
export interface RowFormat {
  readonly head: string
  readonly row: (row: ResultRow, index: number) => string
  readonly tail: string
}

/** One JSON object a line (Anthropic API, §7). A `custom_id` has no character that JSON would escape. */
export const JSON_LINES: RowFormat = {
  head: '',
  row: ({ customId, result }) => `{"custom_id":"${customId}","result":${result}}\n`,
  tail: '',
}

/** Rows read at a time; the next ones are read when the client has taken these. */
const SLICE = 50

/** The rows of an ended batch. Breaks off, so that nobody takes a part for the whole, when they are removed meanwhile. */
export function streamResults(
  store: BatchStore,
  { seq: batch, total }: BatchRecord,
  format: RowFormat,
): ReadableStream<Uint8Array> {
  let afterSeq = 0
  let sent = 0
  let text = format.head
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const rows = await store.results(batch, afterSeq, SLICE)
        for (const row of rows) text += format.row(row, sent++)
        afterSeq = rows.at(-1)?.seq ?? afterSeq
        if (sent > total || (rows.length < SLICE && sent < total))
          throw new Error('the results were removed while they were read')
        if (sent === total) text += format.tail
        controller.enqueue(Buffer.from(text))
        text = ''
        if (sent === total) controller.close()
      },
    },
    { highWaterMark: 0 },
  )
}
