import { describe, expect, test } from 'bun:test'

import { extensionFor, mediaTypeOf } from '../../src/files/media-type.ts'

const NOTHING = new Uint8Array()
const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1')

describe('the media type of a file', () => {
  test.each([
    ['Text/Plain; charset=utf-8', NOTHING, 'a.pdf', 'text/plain'],
    ['application/octet-stream', bytes('%PDF-1.7'), 'a', 'application/pdf'],
    [undefined, bytes('\x89PNG\r\n'), 'a.txt', 'image/png'],
    [undefined, bytes('\xff\xd8\xff\xe0'), undefined, 'image/jpeg'],
    [undefined, bytes('GIF89a'), undefined, 'image/gif'],
    [undefined, bytes('RIFF1234WEBP'), undefined, 'image/webp'],
    [undefined, bytes('a,b'), 'TABLE.CSV', 'text/csv'],
    [undefined, bytes('print(1)'), 'a.py', 'text/plain'],
    [undefined, NOTHING, undefined, 'text/plain'],
    [undefined, bytes('\x00\x01'), 'a.bin', 'application/octet-stream'],
    [undefined, bytes('\xff\xfe'), undefined, 'application/octet-stream'],
    // Half a character at the end of what was looked at.
    [undefined, Buffer.from('€').subarray(0, 2), undefined, 'text/plain'],
    ['nonsense', bytes('a'), undefined, 'text/plain'],
    [`text/${'x'.repeat(200)}`, bytes('a'), undefined, 'text/plain'],
  ])('said to be %p, with its bytes and the name %p', (said, head, name, type) => {
    expect(mediaTypeOf(said, head, name)).toBe(type)
  })

  test('has an extension where one is known', () => {
    expect(extensionFor('image/jpeg')).toBe('.jpg')
    expect(extensionFor('text/html')).toBe('.html')
    expect(extensionFor('a/b')).toBe('')
  })
})
