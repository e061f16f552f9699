import type { Figure } from './figures.ts'

const HEADER = ['', 'figure', 'unit', 'floor', 'server', 'ratio', '(min–max)', 'goal', '']
const LEFT_COLUMNS = new Set([0, 1, 2, 7, 8])

/** The figures as a plain table; `over` marks a missed goal and has no other consequence. */
export function toTable(figures: readonly Figure[]): string {
  const rows = [HEADER, ...figures.map(toRow)]
  const widths = HEADER.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const pad = (cell: string, column: number): string =>
    LEFT_COLUMNS.has(column) ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)
  return rows.map((row) => row.map(pad).join('  ').trimEnd()).join('\n')
}

function toRow({ scenario, name, unit, floor, server, ratio, goal }: Figure): string[] {
  return [
    scenario,
    name,
    unit,
    floor === undefined ? '' : show(floor),
    show(server),
    ratio ? `${ratio.median.toFixed(2)}×` : '',
    ratio ? `(${ratio.min.toFixed(2)}–${ratio.max.toFixed(2)})` : '',
    goal ? `≤ ${goal.limit}${goal.of === 'ratio' ? '×' : ` ${unit}`}` : '',
    goal ? verdict({ server, ratio, goal }) : '',
  ]
}

function verdict({
  server,
  ratio,
  goal,
}: Pick<Figure, 'server' | 'goal'> & { ratio: Figure['ratio'] }): string {
  const value = goal?.of === 'ratio' ? ratio?.median : server
  return (value ?? Number.NaN) <= (goal?.limit ?? Number.NaN) ? 'met' : 'over'
}

function show(value: number): string {
  if (Math.abs(value) >= 100) return value.toFixed(0)
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2)
}
