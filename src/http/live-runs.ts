import type { Run } from '../wire/server/runs.ts'
import { baseHeaders } from './route.ts'
import type { Server } from './server.ts'

/** The longest silence; the time that runs have taken so far goes on. */
const REFRESH_MS = 1000

/**
 * Server-sent events for those who watch: `active` with all runs under way, whenever a second has passed or one of
 * them ended, and `ended` with what ended since.
 */
export function liveRuns(server: Server, request: Request): Response {
  let stop = (): void => {}
  const body = new ReadableStream<string>({
    start(controller) {
      let told = ''
      let toldAtMs = 0
      // A reader who is behind is told less, not later.
      const hasRoom = (): boolean => (controller.desiredSize ?? 0) > -MOST_QUEUED
      const send = (event: string, data: unknown): void => {
        if (hasRoom()) controller.enqueue(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
      }
      const tellActive = (): void => {
        const active = server.runs.active()
        const text = active.runs.map(({ id, step }) => `${id} ${step}`).join()
        const nowMs = server.clock.now()
        if (
          text === told &&
          (active.count === 0 ? nowMs - toldAtMs < KEEP_ALIVE_MS : nowMs - toldAtMs < REFRESH_MS)
        )
          return
        told = text
        toldAtMs = nowMs
        send('active', active)
      }
      const stopListening = server.runs.listen({
        ended(runs: readonly Run[], leftOut: number) {
          send('ended', { runs, left_out: leftOut })
          tellActive()
        },
      })
      const stopTicks = server.clock.watch(tellActive)
      stop = () => {
        stopListening()
        stopTicks()
      }
      request.signal.addEventListener('abort', stop, { once: true })
      tellActive()
    },
    cancel() {
      stop()
    },
  })
  return new Response(body as unknown as ReadableStream<Uint8Array>, {
    headers: {
      ...baseHeaders(server, request),
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    },
  })
}

const MOST_QUEUED = 64
const KEEP_ALIVE_MS = 10_000
