const SENTENCES = [
  'The parser reads one line at a time and keeps what is left for the next read. ',
  'A "quoted" name and a C:\\path\\to\\file must survive both encodings.\n',
  'Nothing here is random, so two runs send the same bytes. ',
  '    12→export const limit = (bytes: number): number => Math.min(bytes, 65_536)\n',
  'If the test fails — and it did, twice — look at the last frame first. ',
  '- one item of a list, with `inline code` and **bold** words\n',
  'The rest of the function is unchanged; only the guard at its top is new. ',
  '$ bun test --filter stream && echo done\n\tok 14 passed (0.21 s)\n',
]
const PLAIN = SENTENCES.filter((sentence) => !/[^\x20-\x7e]|["\\]/.test(sentence))

/** English with code, quotes and the odd wide character; `length` UTF-16 units, the same on every call. */
export const prose = (length: number, start = 0): string => repeat(SENTENCES, length, start)

/** Printable ASCII that JSON need not escape, so that its length is its size in a body. */
export const plainProse = (length: number): string => repeat(PLAIN, length, 0)

function repeat(sentences: readonly string[], length: number, start: number): string {
  let text = ''
  for (let at = start; text.length < length; at += 1) text += sentences[at % sentences.length]
  return text.slice(0, length)
}
