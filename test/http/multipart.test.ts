import { describe, expect, test } from 'bun:test'

import fc from 'fast-check'

import { Failure } from '../../src/core/errors.ts'
import { readForm } from '../../src/http/multipart.ts'

const BOUNDARY = 'x-cut-here'
const TYPE = `multipart/form-data; boundary=${BOUNDARY}`

interface Sent {
  readonly name: string
  readonly filename?: string | undefined
  readonly type?: string | undefined
  readonly bytes: Uint8Array
}

const writeForm = (parts: readonly Sent[], preamble = '', epilogue = '\r\n'): Buffer =>
  Buffer.concat([
    Buffer.from(preamble),
    ...parts.flatMap(({ name, filename, type, bytes }) => [
      Buffer.from(
        `--${BOUNDARY}\r\ncontent-disposition: form-data; name="${name}"` +
          (filename === undefined ? '' : `; filename="${filename}"`) +
          (type === undefined ? '' : `\r\nContent-Type: ${type}`) +
          '\r\n\r\n',
      ),
      bytes,
      Buffer.from('\r\n'),
    ]),
    Buffer.from(`--${BOUNDARY}--${epilogue}`),
  ])

/** The bytes in pieces that end at those places. */
async function* cut(bytes: Uint8Array, places: readonly number[] = []): AsyncGenerator<Uint8Array> {
  let from = 0
  for (const place of [...places.map((at) => at % bytes.length).toSorted((a, b) => a - b), bytes.length]) {
    yield bytes.subarray(from, place)
    from = place
  }
}

async function readParts(body: AsyncIterable<Uint8Array>, type: string | null = TYPE, skip = -1) {
  const parts: Array<{
    name: string
    filename: string | undefined
    type: string | undefined
    bytes: string
  }> = []
  for await (const { name, filename, mediaType, content } of readForm(body, type)) {
    const pieces: Uint8Array[] = []
    if (parts.length !== skip) for await (const piece of content) pieces.push(piece)
    parts.push({ name, filename, type: mediaType, bytes: Buffer.concat(pieces).toString('hex') })
  }
  return parts
}
const refusalOf = async (text: string, type: string | null = TYPE): Promise<string> => {
  try {
    await readParts(cut(Buffer.from(text)), type)
  } catch (error) {
    if (error instanceof Failure && error.status === 400) return error.message
    throw error
  }
  return 'accepted'
}

/** Bytes that are fond of looking like what ends a part. */
const bytes = fc
  .array(
    fc.oneof(
      fc.constantFrom('\r', '\n', '\r\n', '-', '--', '\r\n--', `\r\n--${BOUNDARY.slice(0, 5)}`, BOUNDARY),
      fc.string(),
    ),
  )
  .map((pieces) => Buffer.from(pieces.join('')))
  .filter((content) => !Buffer.concat([Buffer.from('\r\n'), content]).includes(`\r\n--${BOUNDARY}`))
const word = fc.stringMatching(/^[a-z ._[\]äöü€]{1,12}$/)
const part = fc.record({
  name: word,
  filename: fc.option(word, { nil: undefined }),
  type: fc.constantFrom(undefined, 'text/plain', 'image/png'),
  bytes,
})

describe('a form', () => {
  test('is read as it was written, wherever the network cuts it', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(part, { maxLength: 4 }),
        fc.array(fc.nat(), { maxLength: 12 }),
        async (parts, cuts) => {
          const read = await readParts(cut(writeForm(parts), cuts))
          expect(read).toEqual(
            parts.map(({ name, filename, type, bytes: content }) => ({
              name,
              filename,
              type,
              bytes: content.toString('hex'),
            })),
          )
        },
      ),
      { numRuns: 300 },
    )
  })

  test('is read byte by byte', async () => {
    const form = writeForm([{ name: 'file', filename: 'a.txt', bytes: Buffer.from('a\r\n--x') }])
    const places = Array.from({ length: form.length }, (_, at) => at)
    expect(await readParts(cut(form, places))).toMatchObject([
      { name: 'file', bytes: Buffer.from('a\r\n--x').toString('hex') },
    ])
  })

  test('may have something before and after it', async () => {
    const form = writeForm([{ name: 'a', bytes: Buffer.from('1') }], 'This is a form.\r\n', '\r\nThe end.')
    expect(await readParts(cut(form))).toMatchObject([{ name: 'a', bytes: '31' }])
  })

  test('goes on behind a part that nobody read', async () => {
    const parts = ['a', 'b', 'c'].map((name) => ({ name, bytes: Buffer.from(name) }))
    expect(
      (await readParts(cut(writeForm(parts), [3, 90, 200]), TYPE, 1)).map(({ bytes: hex }) => hex),
    ).toEqual(['61', '', '63'])
  })

  test('holds no more than a piece of it in memory', async () => {
    const piece = Buffer.alloc(64 * 1024, 'x')
    async function* body(): AsyncGenerator<Uint8Array> {
      const [head, tail] = writeForm([{ name: 'file', bytes: Buffer.from('|') }])
        .toString()
        .split('|')
      yield Buffer.from(head ?? '')
      for (let at = 0; at < 100; at++) yield piece
      yield Buffer.from(tail ?? '')
    }
    let total = 0
    for await (const { content } of readForm(body(), TYPE))
      for await (const got of content) {
        expect(got.byteLength).toBeLessThan(65 * 1024)
        total += got.byteLength
      }
    expect(total).toBe(100 * piece.length)
  })

  test('is what the platform writes', async () => {
    const form = new FormData()
    form.append('expires_in_seconds', '3600')
    form.append('file', new File(['hello'], 'a "b".txt', { type: 'text/plain' }))
    const { headers, body } = new Request('http://localhost', { method: 'POST', body: form })
    expect(
      await readParts(body as unknown as AsyncIterable<Uint8Array>, headers.get('content-type')),
    ).toEqual([
      { name: 'expires_in_seconds', filename: undefined, type: undefined, bytes: '33363030' },
      {
        name: 'file',
        filename: 'a "b".txt',
        type: expect.stringContaining('text/plain'),
        bytes: '68656c6c6f',
      },
    ])
  })

  test.each([
    ['as browsers write it', 'filename="a%22b.txt"', 'a"b.txt'],
    ['as curl writes it', 'filename="a\\"b.txt"', 'a"b.txt'],
    ['without quotes', 'filename=a.txt', 'a.txt'],
    ['encoded', `filename="_.txt"; filename*=UTF-8''%e2%82%ac.txt`, '€.txt'],
    ['badly encoded', `filename="_.txt"; filename*=UTF-8''%e2%.txt`, '_.txt'],
    ['empty', 'filename=""', ''],
  ])('has a filename %s', async (_how, written, read) => {
    const form = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="file"; ${written}\r\n\r\n1\r\n--${BOUNDARY}--`
    expect(await readParts(cut(Buffer.from(form)))).toMatchObject([{ name: 'file', filename: read }])
  })

  test.each([
    ['that ends early', `--${BOUNDARY}\r\ncontent-disposition: form-data; name="a"\r\n\r\nx`, /ends before/],
    ['without a boundary in it', 'nothing', /ends before/],
    [
      'with a nameless field',
      `--${BOUNDARY}\r\ncontent-type: a/b\r\n\r\n1\r\n--${BOUNDARY}--`,
      /without a name/,
    ],
    ['with a field without headers', `--${BOUNDARY}\r\n\r\n1\r\n--${BOUNDARY}--`, /without a name/],
    ['with nonsense behind a boundary', `--${BOUNDARY}what`, /behind a boundary/],
    ['with endless headers', `--${BOUNDARY}\r\n${'x'.repeat(20_000)}`, /must not be longer/],
    [
      'of too many fields',
      writeForm(Array.from({ length: 101 }, () => ({ name: 'a', bytes: Buffer.from('1') }))).toString(),
      /more than 100 fields/,
    ],
  ])('%s is refused', async (_what, text, message) => {
    expect(await refusalOf(text)).toMatch(message)
  })

  test.each([
    null,
    'application/json',
    'multipart/form-data',
    `multipart/form-data; boundary=${'x'.repeat(201)}`,
  ])('of the type %p is refused', async (type) => {
    expect(await refusalOf('', type)).toMatch(/^content-type: must be multipart/)
  })

  test.each([
    `multipart/form-data; boundary="${BOUNDARY}"`,
    `Multipart/Form-Data; charset=utf-8; boundary=${BOUNDARY}`,
  ])('of the type %p is read', async (type) => {
    expect(await readParts(cut(writeForm([{ name: 'a', bytes: Buffer.from('1') }])), type)).toHaveLength(1)
  })
})
