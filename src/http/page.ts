import type { PageQuery } from '../messages/page.ts'
import { addressOf } from './address.ts'

/** Which page of a list a request asks for. */
export function pageQueryOf(request: Request): PageQuery {
  const query = new URLSearchParams(addressOf(request).query)
  return {
    limit: query.get('limit'),
    afterId: query.get('after_id'),
    beforeId: query.get('before_id'),
  }
}
