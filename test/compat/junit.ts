import type { RanTest } from './document.ts'

/** The tests of a report in JUnit's format, as Bun writes it. */
export function parseJunit(xml: string): readonly RanTest[] {
  const cases = xml.matchAll(/<testcase ([^>]*?)(\/>|>\s*<(skipped|failure)?)/g)
  return [...cases].map(([, attributes = '', , problem]) => {
    const read = (name: string): string =>
      decode(new RegExp(`\\b${name}="([^"]*)"`).exec(attributes)?.[1] ?? '')
    const groups = read('classname')
    return {
      file: read('file').replace(/^test\//, ''),
      name: groups === '' ? read('name') : `${groups} > ${read('name')}`,
      outcome: problem === undefined ? 'passed' : OUTCOMES[problem as keyof typeof OUTCOMES],
    }
  })
}

const OUTCOMES = { skipped: 'skipped', failure: 'failed' } as const

const decode = (text: string): string =>
  text
    .replaceAll(/&#(?:x([0-9a-f]+)|(\d+));/gi, (_, hex?: string, decimal?: string) =>
      String.fromCodePoint(hex === undefined ? Number(decimal) : Number.parseInt(hex, 16)),
    )
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&apos;', "'")
    .replaceAll('&amp;', '&')
