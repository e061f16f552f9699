import { expect, test } from 'bun:test'

import { AnswerReader } from './answer-reader.ts'

const BODY = `data: {"text":"0\\r\\n"}\n\n${'x'.repeat(300)}event: message_stop\n\n`
const CHUNKED = [
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
  `${(40).toString(16)}\r\n${BODY.slice(0, 40)}\r\n`,
  `${(BODY.length - 40).toString(16)}\r\n${BODY.slice(40)}\r\n`,
  '0\r\n\r\n',
].join('')
const SIZED = `HTTP/1.1 529 Busy\r\ncontent-length: ${BODY.length}\r\n\r\n${BODY}`

function readInPieces(reader: AnswerReader, wire: string, size: number): boolean[] {
  const pieces = wire.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? []
  return pieces.map((piece) => reader.feed(Buffer.from(piece)))
}

for (const [name, wire, status] of [
  ['chunked', CHUNKED, 200],
  ['sized', SIZED, 529],
] as const) {
  test(`reads a ${name} answer however it is cut, and ends with its last byte`, () => {
    const reader = new AnswerReader()
    for (let size = 1; size <= wire.length; size += 1) {
      reader.reset()
      const ended = readInPieces(reader, wire, size)
      expect(ended.indexOf(true)).toBe(ended.length - 1)
      expect(reader.status).toBe(status)
      expect(reader.bodyBytes).toBe(BODY.length)
      expect(reader.tail).toBe(BODY.slice(-256))
    }
  })
}

test('ends an answer without a body at its head', () => {
  const reader = new AnswerReader()
  expect(reader.feed(Buffer.from('HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n'))).toBe(true)
})

test('does not take a cut stream for a whole one', () => {
  const reader = new AnswerReader()
  expect(reader.feed(Buffer.from(CHUNKED.slice(0, -2)))).toBe(false)
})
