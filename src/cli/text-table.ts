/** A table for a terminal: columns as wide as their widest cell, numbers to the right. */
export function renderTable(headings: readonly string[], rows: ReadonlyArray<readonly string[]>): string {
  const lines = [headings, ...rows]
  const widths = headings.map((_, column) =>
    Math.max(...lines.map((line) => Bun.stringWidth(line[column] ?? ''))),
  )
  const isNumeric = headings.map((_, column) => rows.every((row) => NUMBER.test(row[column] ?? '')))
  return lines
    .map((line) =>
      widths
        .map((width, column) => pad(line[column] ?? '', width, isNumeric[column] === true))
        .join('  ')
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('')
}

const NUMBER = /^(?:-|free|[\d.,]+[a-z%]?)$/i

const pad = (text: string, width: number, toTheRight: boolean): string => {
  const blanks = ' '.repeat(Math.max(0, width - Bun.stringWidth(text)))
  return toTheRight ? blanks + text : text + blanks
}
