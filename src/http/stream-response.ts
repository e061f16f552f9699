import type { Outcome } from '../core/context.ts'
import type { Headers } from './respond.ts'
import type { Exchange } from './server.ts'

/** Answers with bytes that are read while they are sent. Where reading fails the connection breaks off. */
export function streamResponse(
  bytes: ReadableStream<Uint8Array>,
  exchange: Exchange,
  headers: Headers,
): Response {
  exchange.leaveOpen()
  const reader = bytes.getReader()
  const end = (outcome: Outcome): void => exchange.finish(200, outcome)
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read()
          if (value) controller.enqueue(value)
          if (!done) return
          end('ok')
          controller.close()
        } catch (error) {
          exchange.context.log.warn('answer-broken-off', { error })
          end('error')
          throw error
        }
      },
      async cancel() {
        end('cancelled')
        await reader.cancel()
      },
    },
    { highWaterMark: 0 },
  )
  return new Response(body, { headers })
}
