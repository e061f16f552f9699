import { ToolFailure } from '../failure.ts'

/** A text file as the tools see it: always with `\n`, and with what it takes to write it as it was. */
export interface TextFile {
  readonly text: string
  readonly encoding: 'utf-8' | 'utf-16le'
  readonly mark: boolean
  readonly newline: '\n' | '\r\n'
}

const UTF8_MARK = [0xef, 0xbb, 0xbf] as const
const UTF16_MARK = [0xff, 0xfe] as const
const LOOKED_AT_BYTES = 8192

const startsWith = (bytes: Uint8Array, mark: readonly number[]): boolean =>
  mark.every((byte, index) => bytes[index] === byte)

/** Whether it is no text: bytes that text does not have. */
export const isBinary = (bytes: Uint8Array): boolean =>
  !startsWith(bytes, UTF16_MARK) && bytes.subarray(0, LOOKED_AT_BYTES).includes(0)

/** Reads text to be changed; throws where writing it again would not give the same bytes. */
export function decodeText(bytes: Uint8Array, name: string): TextFile {
  const wide = startsWith(bytes, UTF16_MARK)
  const mark = wide || startsWith(bytes, UTF8_MARK)
  const encoding = wide ? 'utf-16le' : 'utf-8'
  try {
    if (isBinary(bytes)) throw new TypeError('binary')
    const text = new TextDecoder(encoding, { fatal: true }).decode(bytes)
    return { ...toLines(text), encoding, mark }
  } catch {
    throw new ToolFailure('refused', `${name} is no text in UTF-8 or UTF-16, so it cannot be edited as text.`)
  }
}

/** Only a file whose lines all end alike can lose its `\r` and get it back. */
function toLines(text: string): Pick<TextFile, 'text' | 'newline'> {
  const isDos = text.includes('\r\n') && !/(?<!\r)\n/.test(text)
  return isDos ? { text: text.replaceAll('\r\n', '\n'), newline: '\r\n' } : { text, newline: '\n' }
}

/** The bytes of a text, with the encoding, the mark and the line endings that it had. */
export function encodeText({ text, encoding, mark, newline }: TextFile): Uint8Array {
  const written = newline === '\r\n' ? text.replaceAll(/\r?\n/g, '\r\n') : text
  if (encoding === 'utf-16le') return new Uint8Array(Buffer.from(`\ufeff${written}`, 'utf16le'))
  return new TextEncoder().encode(mark ? `\ufeff${written}` : written)
}

/** Reads text to be looked at, whatever its bytes are. */
export const showText = (bytes: Uint8Array): string =>
  new TextDecoder(startsWith(bytes, UTF16_MARK) ? 'utf-16le' : 'utf-8').decode(bytes).replaceAll('\r\n', '\n')

/** The lines of a text. A last line that ends is no further, empty one. */
export function linesOf(text: string): readonly string[] {
  const lines = text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  return lines
}

/** Lines with their numbers, as `cat -n` shows them. */
export const numbered = (lines: readonly string[], first: number): string =>
  lines.map((line, index) => `${String(first + index).padStart(6)}\t${line}`).join('\n')
