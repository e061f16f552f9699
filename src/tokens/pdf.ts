import { MAX_PDF_PAGES, PDF_BYTES_PER_PAGE, PDF_TOKENS_PER_PAGE } from './calibration.ts'

/** A multiple of four, so that the base64 is cut between groups: 8 MB decoded. */
const MAX_SCANNED_CHARS = 4 * Math.floor((8 * 1024 * 1024) / 3)

const PAGE_OBJECT = /\/Type\s{0,8}\/Page(?![A-Za-z])/g

/** Tokens of a base64 PDF, by its pages. */
export const pdfTokens = (base64: string): number => pdfPages(base64) * PDF_TOKENS_PER_PAGE

/**
 * The pages of a base64 PDF, 1 to 600: its page objects in the first 8 MB, or, where those are compressed, a guess from
 * its size. A longer file is taken to go on as it began.
 */
export function pdfPages(base64: string): number {
  const scanned = base64.slice(0, MAX_SCANNED_CHARS)
  const objects = countMatches(Buffer.from(scanned, 'base64').toString('latin1'), PAGE_OBJECT)
  const pages =
    objects > 0 ? (objects * base64.length) / scanned.length : (base64.length * 0.75) / PDF_BYTES_PER_PAGE
  return Math.min(Math.max(Math.round(pages), 1), MAX_PDF_PAGES)
}

function countMatches(text: string, pattern: RegExp): number {
  let matches = 0
  for (const _ of text.matchAll(pattern)) matches++
  return matches
}
