import { styleText } from 'node:util'

import type { Fields } from '../core/context.ts'

const COLOURS = { debug: 'gray', info: 'blue', warn: 'yellow', error: 'red' } as const

/** Says what is already said at the beginning of the line. */
const LEADING = new Set(['time', 'level', 'event', 'method', 'path', 'status', 'duration_ms'])

/** A log entry as a line for people: time, level, event, then a request's most important fields, then the others. */
export function renderPretty(entry: Fields, inColour: boolean): string {
  const paint = (style: Parameters<typeof styleText>[0], text: string): string =>
    inColour ? styleText(style, text, { validateStream: false }) : text
  const level = String(entry['level'])
  const head = [
    paint('gray', timeOf(entry['time'])),
    paint(COLOURS[level as keyof typeof COLOURS] ?? 'blue', level.padEnd(5)),
    paint('bold', String(entry['event'])),
    ...requestWords(entry, paint),
  ]
  const rest = Object.entries(entry).flatMap(([name, value]) =>
    LEADING.has(name) || value === undefined || value === null
      ? []
      : `${paint('gray', `${name}=`)}${toWord(value)}`,
  )
  return `${[...head, ...rest].join(' ')}\n`
}

/** The time of the day, here. */
function timeOf(time: unknown): string {
  const date = new Date(String(time))
  return `${date.toTimeString().slice(0, 8)}.${String(date.getMilliseconds()).padStart(3, '0')}`
}

function requestWords(
  { method, path, status, duration_ms: durationMs }: Fields,
  paint: (style: 'green' | 'red', text: string) => string,
): string[] {
  return [
    ...(typeof method === 'string' ? [method] : []),
    ...(typeof path === 'string' ? [path] : []),
    ...(typeof status === 'number' ? [paint(status < 400 ? 'green' : 'red', String(status))] : []),
    ...(typeof durationMs === 'number' ? [`${durationMs} ms`] : []),
  ]
}

/** A stack is for reading, so its lines stay lines; all else is one word. */
function toWord(value: unknown): string {
  if (typeof value === 'object' && value !== null && 'stack' in value && typeof value.stack === 'string')
    return `\n    ${value.stack.replaceAll('\n', '\n    ')}`
  if (typeof value === 'string') return /^[\w.:/@+-]+$/.test(value) ? value : JSON.stringify(value)
  return JSON.stringify(value)
}
