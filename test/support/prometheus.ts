import parse from 'parse-prometheus-text-format'

/** Metrics as a parser of Prometheus' text format sees them. */
export function readMetrics(text: string) {
  const families: any[] = parse(text)
  const family = (name: string): any => {
    const found = families.find((candidate) => candidate.name === name)
    if (!found) throw new Error(`there is no family ${name} in:\n${text}`)
    return found
  }
  return {
    names: families.map(({ name }) => name as string),
    typeOf: (name: string): string => family(name).type,
    seriesOf: (name: string): number => family(name).metrics.length,
    value: (name: string, labels: Readonly<Record<string, string>> = {}): number => {
      const metric = family(name).metrics.find((candidate: any) =>
        Bun.deepEquals(candidate.labels ?? {}, labels),
      )
      if (!metric) throw new Error(`${name} has no series ${JSON.stringify(labels)}`)
      return Number(metric.value)
    },
    /** One line's value, whole name and labels; the parser mixes up histograms that have labels. */
    sample: (nameAndLabels: string): number => {
      const line = text.split('\n').find((candidate) => candidate.startsWith(`${nameAndLabels} `))
      if (line === undefined) throw new Error(`there is no sample ${nameAndLabels} in:\n${text}`)
      return Number(line.slice(nameAndLabels.length + 1))
    },
  }
}
