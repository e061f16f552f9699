/** A body's text; what is beyond so many bytes is not read, and the connection is given up. */
export async function readAtMost(
  response: Response,
  maxBytes: number,
): Promise<{ readonly text: string; readonly isCut: boolean }> {
  const declaredBytes = Number(response.headers.get('content-length') ?? Number.NaN)
  // One that says how long it is can be taken whole, which costs a fraction of reading it piece by piece.
  if (declaredBytes <= maxBytes && !response.headers.has('content-encoding'))
    return { text: await response.text(), isCut: false }
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  for await (const piece of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += piece.byteLength
    // Leaving the loop cancels the body.
    if (bytes > maxBytes) return { text, isCut: true }
    text += decoder.decode(piece, { stream: true })
  }
  return { text: text + decoder.decode(), isCut: false }
}
