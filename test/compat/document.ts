import { join } from 'node:path'

import { type Cover, REPORTS } from '../bugs/reported.ts'
import { REFUSALS, SENT } from '../translate/parameters.ts'
import { type Row, SECTIONS } from './rows.ts'

export const DOCUMENT = join(import.meta.dir, '../../docs/COMPATIBILITY.md')

/** One test of a run. */
export interface RanTest {
  /** Relative to `test/`. */
  readonly file: string
  /** With the groups around it. */
  readonly name: string
  readonly outcome: 'passed' | 'failed' | 'skipped'
}

type Table = ReadonlyArray<readonly string[]>

const table = (head: readonly string[], rows: Table): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.map(escape).join(' | ')} |`).join('\n')

const escape = (cell: string): string => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')

// — the conformance list —

/** Only what a client can observe of the running server proves a row; tests of its parts are a help for us. */
const SEEN_FROM_OUTSIDE = /^(?:api|clients)\//

/** Rows that nobody can wait for: a test inside the process, with a clock of its own, will do. */
const WITH_A_CLOCK: ReadonlySet<string> = new Set(['C179'])

/** A title that says so holds the place of a test that is still to come. */
const TO_COME = /later work|not run here/

/** The tests that prove a row. */
const proofsOf = ({ id }: Row, tests: readonly RanTest[]): readonly RanTest[] =>
  tests.filter(
    ({ file, name, outcome }) =>
      outcome === 'passed' &&
      (SEEN_FROM_OUTSIDE.test(file) || WITH_A_CLOCK.has(id)) &&
      new RegExp(`\\b${id}\\b`).test(name) &&
      !TO_COME.test(name),
  )

function rowCells(row: Row, tests: readonly RanTest[]): readonly string[] {
  const proofs = proofsOf(row, tests)
  const files = [...new Set(proofs.map(({ file }) => file))]
  const [first] = proofs
  if (!first) return [row.id, row.claim, 'open', '']
  const more = proofs.length > 1 ? `, and ${proofs.length - 1} more` : ''
  return [row.id, row.claim, 'tested', `${files.map(code).join(', ')}: ${shorten(first.name)}${more}`]
}

const code = (text: string): string => `\`${text}\``

const MAX_NAME_CHARS = 110

/** A name of a test as one line of plain text. */
function shorten(name: string): string {
  const line = name.replaceAll(/\s+/g, ' ').replaceAll(/[<>*_`\\]/g, '')
  return line.length > MAX_NAME_CHARS ? `${line.slice(0, MAX_NAME_CHARS).trimEnd()}…` : line
}

/** All rows by section, with what a run of the tests says of them. */
export function conformance(tests: readonly RanTest[]): string {
  const rows = SECTIONS.flatMap((section) => section.rows)
  const proven = rows.filter((row) => proofsOf(row, tests).length > 0).length
  const parts = SECTIONS.map(
    ({ title, rows: inside }) =>
      `### ${title}\n\n${table(
        ['Row', 'What holds', 'Status', 'Tests'],
        inside.map((row) => rowCells(row, tests)),
      )}\n`,
  )
  return `${proven} of ${rows.length} rows are tested against the running program, ${rows.length - proven} are open.\n\n${parts.join('\n')}`
}

// — the parameters and the reported bugs, which need no run —

/** Each parameter with the golden request that shows it go upstream. */
function parameters(): string {
  const sent = Object.entries(SENT).map(([row, [name, scenario]]) => [
    row,
    code(name),
    'goes upstream',
    code(`golden-requests/${scenario}`),
  ])
  const refused = Object.entries(REFUSALS).map(([row, [name, , words]]) => [
    row,
    code(name),
    `refused: ${words}`,
    code('translate/parameters.test.ts'),
  ])
  const rows = [...sent, ...refused].toSorted(byRow)
  return `${rows.length} parameters: ${sent.length} go upstream, ${refused.length} are refused with a word on what to use.\n\n${table(['Row', 'Name', 'What becomes of it', 'Shown by'], rows)}\n`
}

/** `O2` before `O10`, all of them before `R1`. */
const byRow = ([a = '']: readonly string[], [b = '']: readonly string[]): number =>
  a[0] === b[0] ? Number(a.slice(1)) - Number(b.slice(1)) : a.localeCompare(b)

/** Each bug that was reported of a converter, with what shows that it is none here. */
const bugs = (): string =>
  `${REPORTS.length} rows, each covered.\n\n${table(
    ['Row', 'Reported at', 'What went wrong', 'Shown by'],
    REPORTS.map(({ row, source, title, coveredBy }) => [
      row,
      source,
      title,
      coveredBy.map(toText).join(', '),
    ]),
  )}\n`

const toText = (cover: Cover): string => {
  if ('answer' in cover) return code(`golden/${cover.answer}`)
  if ('request' in cover) return code(`golden-requests/${cover.request}`)
  return `${code(cover.file)}: ${shorten(cover.test)}`
}

// — the document —

export const CONFORMANCE = { begin: '<!-- conformance -->', end: '<!-- /conformance -->' }
export const REST = { begin: '<!-- tables -->', end: '<!-- /tables -->' }

export const rest = (): string =>
  `## Parameters of chat completions\n\n${parameters()}\n## Bugs that were reported of other converters\n\n${bugs()}`

/** The text with another body between two marks. */
export function replaceBetween(
  text: string,
  marks: { readonly begin: string; readonly end: string },
  body: string,
): string {
  const [begin, end] = [text.indexOf(marks.begin) + marks.begin.length, text.indexOf(marks.end)]
  return `${text.slice(0, begin)}\n\n${body}\n${text.slice(end)}`
}
