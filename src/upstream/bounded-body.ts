/** A body's text; what is beyond so many bytes is not read, and the connection is given up. */
export async function readAtMost(
  response: Response,
  maxBytes: number,
): Promise<{ readonly text: string; readonly isCut: boolean }> {
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
