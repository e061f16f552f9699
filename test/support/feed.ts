const encoder = new TextEncoder()

/** An upstream's event stream that the test feeds piece by piece. */
export interface Feed {
  readonly response: Response
  /** Sends chunks, or bytes and text as they stand. */
  readonly send: (...pieces: ReadonlyArray<object | string | Uint8Array>) => void
  /** Ends the body; without `[DONE]` unless that was sent. */
  readonly end: () => void
}

export const DONE = 'data: [DONE]\n\n'

export const toSse = (chunk: object): string => `data: ${JSON.stringify(chunk)}\n\n`

export function openFeed(): Feed {
  let sink: ReadableStreamDefaultController<Uint8Array> | undefined
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      sink = controller
    },
  })
  return {
    response: new Response(body, { headers: { 'content-type': 'text/event-stream' } }),
    send(...pieces) {
      for (const piece of pieces) sink?.enqueue(toBytes(piece))
    },
    end: () => sink?.close(),
  }
}

function toBytes(piece: object | string | Uint8Array): Uint8Array {
  if (piece instanceof Uint8Array) return piece
  return encoder.encode(typeof piece === 'string' ? piece : toSse(piece))
}
