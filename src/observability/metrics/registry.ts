/** What one family is. */
interface Family {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly labels: readonly string[]
  /** Its lines in Prometheus' text format. */
  lines(): string[]
}

/** Only ever grows. */
export interface Counter {
  add(value: number, ...labels: readonly string[]): void
}

/** Is what it was last set to. */
export interface Gauge {
  set(value: number, ...labels: readonly string[]): void
  /** Forgets all series, before they are set anew. */
  clear(): void
}

/** Counts how often a value was how large. */
export interface Histogram {
  observe(value: number, ...labels: readonly string[]): void
}

export interface Metrics {
  counter(name: string, help: string, labels?: readonly string[]): Counter
  gauge(name: string, help: string, labels?: readonly string[]): Gauge
  /** A counter that is kept elsewhere and only read here. */
  reading(name: string, help: string, labels?: readonly string[]): Gauge
  histogram(name: string, help: string, labels: readonly string[], buckets: readonly number[]): Histogram
  /** Calls this before every scrape, for what is known elsewhere. */
  collect(collector: () => void | Promise<void>): void
  /** All families in Prometheus' text format, version 0.0.4. */
  scrape(): Promise<string>
}

/** A label's values come from requests in the end; more than these share one series. */
const MOST_SERIES = 300
const OTHER = 'other'

/**
 * Counts what happens, for Prometheus. A library's label objects would cost more than all the rest of what a request
 * is watched by; here a series is found label by label.
 */
export function createMetrics(): Metrics {
  const families = new Map<string, Family>()
  const collectors: Array<() => void | Promise<void>> = []
  const add = (family: Family): void => {
    if (families.has(family.name)) throw new Error(`there are two families ${family.name}`)
    families.set(family.name, family)
  }
  const settable = (type: Family['type'], name: string, help: string, labels: readonly string[]): Gauge => {
    const { series, at, clear } = createSeries(labels, () => ({ value: 0 }))
    add({ name, help, type, labels, lines: () => plainLines(name, labels, series) })
    return {
      set(value, ...values) {
        at(values).value = value
      },
      clear,
    }
  }

  return {
    counter(name, help, labels = []) {
      const { series, at } = createSeries(labels, () => ({ value: 0 }))
      add({ name, help, type: 'counter', labels, lines: () => plainLines(name, labels, series) })
      return {
        add(value, ...values) {
          at(values).value += value
        },
      }
    },
    gauge: (name, help, labels = []) => settable('gauge', name, help, labels),
    reading: (name, help, labels = []) => settable('counter', name, help, labels),
    histogram(name, help, labels, buckets) {
      const { series, at } = createSeries(labels, () => ({
        counts: buckets.map(() => 0),
        sum: 0,
        count: 0,
      }))
      add({
        name,
        help,
        type: 'histogram',
        labels,
        lines: () =>
          series.flatMap(({ values, cell: { counts, sum, count } }) => [
            ...buckets.map(
              (bound, index) =>
                `${name}_bucket${braces([...labels, 'le'], [...values, String(bound)])} ${counts[index]}`,
            ),
            `${name}_bucket${braces([...labels, 'le'], [...values, '+Inf'])} ${count}`,
            `${name}_sum${braces(labels, values)} ${sum}`,
            `${name}_count${braces(labels, values)} ${count}`,
          ]),
      })
      return {
        observe(value, ...values) {
          const cell = at(values)
          cell.sum += value
          cell.count++
          for (let index = buckets.length - 1; index >= 0 && value <= (buckets[index] ?? 0); index--)
            cell.counts[index] = (cell.counts[index] ?? 0) + 1
        },
      }
    },
    collect(collector) {
      collectors.push(collector)
    },
    async scrape() {
      await Promise.all(collectors.map(async (collector) => collector()))
      return [...families.values()].map(toText).join('')
    },
  }
}

interface Series<Cell> {
  readonly values: readonly string[]
  readonly cell: Cell
}

/** A place for each value of one label: the next label's places, or at the last a series. */
type Branch<Cell> = Map<string, Branch<Cell> | Series<Cell>>

function createSeries<Cell>(labels: readonly string[], create: () => Cell) {
  const last = labels.length - 1
  const series: Series<Cell>[] = []
  const root: Branch<Cell> = new Map()
  const make = (values: readonly string[]): Cell => {
    if (series.length >= MOST_SERIES && values.some((value) => value !== OTHER))
      return at(labels.map(() => OTHER))
    const made = { values: [...values], cell: create() }
    series.push(made)
    let branch = root
    for (const value of values.slice(0, -1)) {
      const next = branch.get(value) ?? new Map()
      branch.set(value, next)
      branch = next as Branch<Cell>
    }
    branch.set(values[last] ?? '', made)
    return made.cell
  }
  /** Label by label: to join them to one text would cost more than all the rest of counting. */
  const at = (values: readonly string[]): Cell => {
    let branch = root
    for (let nth = 0; nth < last; nth++) {
      const next = branch.get(values[nth] ?? '')
      if (next === undefined) return make(values)
      branch = next as Branch<Cell>
    }
    const found = branch.get(values[last] ?? '') as Series<Cell> | undefined
    return found?.cell ?? make(values)
  }
  const clear = (): void => {
    series.length = 0
    root.clear()
  }
  return { series, at, clear }
}

const plainLines = (
  name: string,
  labels: readonly string[],
  series: ReadonlyArray<Series<{ readonly value: number }>>,
): string[] => series.map(({ values, cell }) => `${name}${braces(labels, values)} ${cell.value}`)

const braces = (labels: readonly string[], values: readonly string[]): string =>
  labels.length === 0
    ? ''
    : `{${labels.map((label, index) => `${label}="${escapeValue(values[index] ?? '')}"`).join(',')}}`

const escapeValue = (text: string): string =>
  text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')

function toText(family: Family): string {
  const lines = family.lines()
  if (lines.length === 0) return ''
  return `# HELP ${family.name} ${family.help}\n# TYPE ${family.name} ${family.type}\n${lines.join('\n')}\n`
}
