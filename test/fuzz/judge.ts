import { expect } from 'bun:test'

import { TypeCompiler } from '@sinclair/typebox/compiler'

import { FAILURES } from '../../src/core/errors.ts'
import { CountTokensResponse } from '../../src/wire/anthropic/request.ts'
import { MessageResponse } from '../../src/wire/anthropic/response.ts'
import { checkOrder, eventsOf, type SentEvent } from '../support/events.ts'

/** How an answer came out. */
export type Outcome = 'message' | 'count' | 'stream' | 'stream broken off' | 'refused' | 'failed'

/** What may be expected of one answer. */
export interface Terms {
  /** The upstream gave the server a reason to fail. */
  readonly mayFail: () => boolean
  /** Its events are the upstream's own: their order is not the server's affair. */
  readonly isRelayed: boolean
}

const isMessage = TypeCompiler.Compile(MessageResponse)
const isCount = TypeCompiler.Compile(CountTokensResponse)

const REQUEST_ID = /^req_[a-zA-Z0-9]+$/

/** Says how an answer came out; throws where no answer may come out like that. */
export async function judge(response: Response, terms: Terms): Promise<Outcome> {
  expect(response.headers.get('request-id')).toMatch(REQUEST_ID)
  if (response.headers.get('content-type')?.startsWith('text/event-stream') === true)
    return judgeStream(response, terms)
  if (response.status === 200) return judgeWhole(await response.json(), terms)
  const { status, headers } = response
  const body: any = await response.json()
  expect(headers.get('content-type')).toBe('application/json')
  if (status < 500 && !terms.isRelayed)
    expect(headers.get('x-should-retry')).toBe(String([409, 429].includes(status)))
  const { message } = errorIn(body)
  expect(body.request_id).toBe(headers.get('request-id'))
  if (status < 500) return 'refused'
  if (!terms.mayFail()) throw new Error(`${status} without the upstream's fault: ${message}`)
  return 'failed'
}

/** What is told in an envelope, whose form must be right in every detail. */
function errorIn(body: any): { readonly message: string } {
  expect(Object.keys(body).toSorted()).toEqual(['error', 'request_id', 'type'])
  expect(body.type).toBe('error')
  expect(body.request_id).toMatch(REQUEST_ID)
  const { type, message, ...rest } = body.error
  expect(Object.keys(FAILURES)).toContain(type)
  expect(message).toBeString()
  expect(message).not.toBe('')
  expect(Object.keys(rest)).toBeOneOf([[], ['details']])
  return { message }
}

function judgeWhole(body: any, { isRelayed }: Terms): Outcome {
  if (isRelayed) return 'message'
  const isCounted = Object.hasOwn(body, 'input_tokens')
  const errors = [...(isCounted ? isCount : isMessage).Errors(body)]
  expect(errors.map(({ path, message, value }) => ({ path, message, value }))).toEqual([])
  return isCounted ? 'count' : 'message'
}

async function judgeStream(response: Response, { mayFail, isRelayed }: Terms): Promise<Outcome> {
  expect(response.status).toBe(200)
  const events = isRelayed ? relayedEvents(await response.text()) : await eventsOf(response)
  const last = events.at(-1)
  if (last?.type !== 'error') {
    if (isRelayed) expect(last?.type).toBe('message_stop')
    else checkOrder(events as readonly SentEvent[])
    return 'stream'
  }
  const { message } = errorIn(last.data)
  expect(events.map(({ type }) => type).indexOf('error')).toBe(events.length - 1)
  expect(events[0]?.type).toBe('message_start')
  if (!mayFail()) throw new Error(`broken off without the upstream's fault: ${message}`)
  return 'stream broken off'
}

/** Events whose names are the upstream's, whatever they are. */
const relayedEvents = (text: string): readonly Pick<SentEvent, 'type' | 'data'>[] =>
  text
    .split('\n\n')
    .slice(0, -1)
    .map((frame) => {
      const [, type = '', json = ''] = /^event: ([^\n]*)\ndata: (\{[^\n]*\})$/.exec(frame) ?? []
      return { type, data: JSON.parse(json) }
    })
