import { describe, expect, test } from 'bun:test'

import { pdfPages, pdfTokens } from '../../src/tokens/pdf.ts'

const encode = (text: string): string => Buffer.from(text, 'latin1').toString('base64')

const pdf = (pages: number, type = '/Type /Page'): string =>
  encode(
    `%PDF-1.4\n1 0 obj << /Type /Pages /Count ${pages} >>\n${`2 0 obj << ${type} /Parent 1 0 R >>\n`.repeat(pages)}`,
  )

describe('pdfPages', () => {
  test.each(['/Type /Page', '/Type/Page', '/Type\r\n/Page'])('counts page objects written %j', (type) => {
    expect(pdfPages(pdf(3, type))).toBe(3)
  })

  test('guesses from the size where the pages are compressed', () => {
    expect(pdfPages(encode('%PDF-1.7\n'))).toBe(1)
    expect(pdfPages(encode('x'.repeat(600_000)))).toBe(10)
  })

  test('takes a file longer than 8 MB to go on as it began', () => {
    const page = `<< /Type /Page >>${' '.repeat(1024 * 1024 - 17)}`
    expect(pdfPages(encode(page.repeat(16)))).toBe(16)
  })

  test('never exceeds the 600 pages that a request may hold', () => {
    expect(pdfPages(encode('/Type/Page '.repeat(5_000)))).toBe(600)
  })

  test('takes what is no base64 for one page', () => {
    expect(pdfPages('')).toBe(1)
    expect(pdfPages('***')).toBe(1)
  })
})

test('a page of a PDF costs 2,000 tokens', () => {
  expect(pdfTokens(pdf(4))).toBe(8_000)
})
