import { describe, expect, test } from 'bun:test'

import fc from 'fast-check'

import { imageSize, imageTokens } from '../../src/tokens/image.ts'

const base64 = (...bytes: ReadonlyArray<number | string | readonly number[]>): string =>
  Buffer.concat(
    bytes.map((part) =>
      typeof part === 'string' ? Buffer.from(part, 'latin1') : Buffer.from([part].flat()),
    ),
  ).toString('base64')

const big = (value: number, length: number): number[] =>
  Array.from({ length }, (_, index) => Math.floor(value / 256 ** (length - 1 - index)) % 256)
const little = (value: number, length: number): number[] => big(value, length).toReversed()

const png = (width: number, height: number) =>
  base64('\x89PNG\r\n\x1a\n', big(13, 4), 'IHDR', big(width, 4), big(height, 4), [8, 6, 0, 0, 0])
const gif = (width: number, height: number) =>
  base64('GIF89a', little(width, 2), little(height, 2), [0, 0, 0])
const jpeg = (width: number, height: number, before: string = '', marker = 0xc0) =>
  base64('\xff\xd8', before, [0xff, marker], big(17, 2), 8, big(height, 2), big(width, 2), [3, 1, 0x22, 0])
const segment = (marker: number, length: number) =>
  `\xff${String.fromCharCode(marker)}${String.fromCharCode(length >> 8, length & 255)}${'\xc0'.repeat(length - 2)}`

const webp = (kind: string, ...data: ReadonlyArray<number | readonly number[]>) =>
  base64('RIFF', little(100, 4), 'WEBP', kind, little(80, 4), ...data)
const webpLossy = (width: number, height: number) =>
  webp('VP8 ', [0x30, 1, 0], [0x9d, 0x01, 0x2a], little(width, 2), little(height, 2))
const webpLossless = (width: number, height: number) =>
  webp('VP8L', 0x2f, little(width - 1 + (height - 1) * 2 ** 14, 4))
const webpExtended = (width: number, height: number) =>
  webp('VP8X', [0x10, 0, 0, 0], little(width - 1, 3), little(height - 1, 3))

const source = (data: string) => ({ type: 'base64' as const, media_type: 'image/png' as const, data })

describe('imageSize', () => {
  test.each([
    ['png', png],
    ['gif', gif],
    ['jpeg', jpeg],
    ['lossy webp', webpLossy],
    ['lossless webp', webpLossless],
    ['extended webp', webpExtended],
  ])('reads the size of a %s', (_, file) => {
    expect(imageSize(file(640, 481))).toEqual({ width: 640, height: 481 })
    expect(imageSize(file(3, 16_000))).toEqual({ width: 3, height: 16_000 })
  })

  test('finds the frame of a photo behind its metadata, tables and fill bytes', () => {
    const metadata =
      segment(0xe1, 65_535) + segment(0xe2, 65_535) + segment(0xdb, 67) + segment(0xc4, 31) + '\xff\xff'
    expect(imageSize(jpeg(4_000, 3_000, metadata, 0xc2))).toEqual({ width: 4_000, height: 3_000 })
  })

  test('reads a real png', () => {
    const pixel =
      'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=='
    expect(imageSize(pixel)).toEqual({ width: 1, height: 1 })
  })

  test.each([
    ['nothing', ''],
    ['a text', base64('not an image at all, sorry')],
    ['a cut png', png(10, 10).slice(0, 24)],
    ['a png without width', png(0, 10)],
    ['a jpeg without a frame', base64('\xff\xd8', segment(0xe1, 100))],
    ['a jpeg of endless empty segments', base64('\xff\xd8', '\xff\xe1\x00\x00'.repeat(50_000))],
    ['a webp of an unknown kind', webp('VP9 ', [0, 0, 0, 0])],
    ['no base64', '*** not base64 ***'],
  ])('knows no size of %s', (_, data) => {
    expect(imageSize(data)).toBeUndefined()
  })

  test('takes any string without failing', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(png(9, 9), jpeg(9, 9), webpLossless(9, 9)),
        fc.string(),
        fc.nat(60),
        (file, noise, at) => {
          const size = imageSize(file.slice(0, at) + noise + file.slice(at))
          expect(size === undefined || (size.width > 0 && size.height > 0)).toBe(true)
        },
      ),
    )
  })
})

describe('imageTokens', () => {
  test('costs a token for 750 pixels', () => {
    expect(imageTokens(source(png(300, 250)))).toBe(100)
    expect(imageTokens(source(png(1, 1)))).toBe(1)
  })

  test('counts a long image as scaled to 1,568 pixels', () => {
    expect(imageTokens(source(png(3_136, 100)))).toBe(Math.ceil((1_568 * 50) / 750))
  })

  test('is bounded by what the model takes in', () => {
    expect(imageTokens(source(png(8_000, 8_000)))).toBe(1_600)
    expect(imageTokens(source(png(8_000, 8_000)), { maxEdgePx: 2_576, maxTokens: 4_800 })).toBe(4_800)
  })

  test('takes an image it cannot see for a large one', () => {
    expect(imageTokens(source('AAAA'))).toBe(1_600)
    expect(imageTokens({ type: 'url', url: 'https://example.com/cat.png' })).toBe(1_600)
    expect(imageTokens({ type: 'file', file_id: 'file_1' })).toBe(1_600)
  })
})
