/** More came than may come. */
export class TooLarge extends Error {
  override readonly name = 'TooLarge'
}

/** Reads a body to its end. Rejects with `TooLarge`, without reading on, where it is larger than `maxBytes`. */
export async function readBody(response: Response, maxBytes: number): Promise<Uint8Array> {
  const announced = Number(response.headers.get('content-length') ?? 0)
  if (announced > maxBytes) {
    await response.body?.cancel()
    throw new TooLarge(`the body has ${announced} bytes`)
  }
  const pieces: Uint8Array[] = []
  let size = 0
  for await (const piece of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    size += piece.byteLength
    if (size > maxBytes) throw new TooLarge(`the body has more than ${maxBytes} bytes`)
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}
