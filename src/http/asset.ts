import type { Headers } from './respond.ts'

/** Bytes that stay the same while the program runs, as an answer. */
export type Asset = (request: Request, headers?: Headers) => Promise<Response>

interface Content {
  readonly body: string | Uint8Array<ArrayBuffer>
  readonly etag: string
}

/**
 * Reads at the first request, never before: the start of the program must not pay for it. Browsers ask again every
 * time and are sent the bytes only when these are news to them, so that an upgrade shows at once.
 */
export function createAsset(type: string, read: () => Content['body'] | Promise<Content['body']>): Asset {
  let content: Content | undefined
  return async (request, headers = {}) => {
    content ??= withEtag(await read())
    const { body, etag } = content
    const known = request.headers.get('if-none-match')?.includes(etag) === true
    return new Response(known ? null : body, {
      status: known ? 304 : 200,
      headers: {
        ...(known ? {} : { 'content-type': type }),
        etag,
        'cache-control': 'no-cache',
        'x-content-type-options': 'nosniff',
        ...headers,
      },
    })
  }
}

const withEtag = (body: Content['body']): Content => ({ body, etag: `"${Bun.hash(body).toString(36)}"` })
