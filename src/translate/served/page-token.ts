import { fromBase64url, toBase64url } from '../base64url.ts'

/** The `encrypted_content` of a search result: opaque to clients, and all that is needed to read it again later. */
const PREFIX = 'orp1.'

export const toPageToken = (text: string): string => PREFIX + toBase64url(text)

/** The text; undefined for what another service has encrypted. */
export const fromPageToken = (token: unknown): string | undefined =>
  typeof token === 'string' && token.startsWith(PREFIX)
    ? fromBase64url(token.slice(PREFIX.length))
    : undefined
