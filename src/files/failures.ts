import { Failure, invalidRequest } from '../core/errors.ts'

/** What a client can be told of a file, in the words and with the codes of Anthropic's Files API (§1.4, V59). */

/** There is no such file, or it is somebody else's. */
export const notFound = (id: string): Failure => new Failure('not_found_error', `File \`${id}\` not found.`)

/** There was such a file, and its time is over. */
export const expired = (id: string): Failure =>
  new Failure('not_found_error', `File \`${id}\` has expired.`, { details: { error_code: 'file_expired' } })

/** The file is there to be referred to, not to be fetched. */
export const notDownloadable = (): Failure =>
  new Failure('invalid_request_error', 'File is not downloadable', {
    details: { error_code: 'file_not_downloadable' },
  })

/** The file would not fit in beside those that are there. */
export const quotaExceeded = (quotaBytes: number): Failure =>
  new Failure(
    'invalid_request_error',
    `Storage quota exceeded: all your files together may have ${quotaBytes} bytes; delete some and upload again`,
    { details: { error_code: 'storage_quota_exceeded' } },
  )

/** The file alone is too large. */
export const tooLarge = (maxBytes: number): Failure =>
  new Failure('request_too_large', `File exceeds the maximum size of ${maxBytes} bytes`)

/** The file cannot be called that. */
export const invalidFilename = (): Failure =>
  invalidRequest(
    'file: Invalid filename: it must have 1 to 255 characters, none of them < > : " | ? * \\ / or a control character',
  )
