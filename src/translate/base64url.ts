/** Text ⇄ base64url of its UTF-8 bytes. */
export const toBase64url = (text: string): string =>
  new TextEncoder().encode(text).toBase64({ alphabet: 'base64url', omitPadding: true })

/** Undefined where the text is no base64url of UTF-8. */
export function fromBase64url(encoded: string): string | undefined {
  try {
    const bytes = Uint8Array.fromBase64(encoded, { alphabet: 'base64url' })
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}
