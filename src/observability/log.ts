import type { Fields, Logger } from '../core/context.ts'
import { isPlain, mask, mayHoldSecret, redactField } from './redact.ts'

/** The levels of a log entry, least important first. */
const LEVELS = ['debug', 'info', 'warn', 'error'] as const
type Level = (typeof LEVELS)[number]

/** The least important level that is written; `silent` writes nothing. */
export type LogLevel = Level | 'silent'

export interface LogOptions {
  readonly level: LogLevel
  /** Takes one or more whole lines. What it throws is ignored: a log must never fail the work it tells about. */
  readonly write: (text: string) => void
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** How an entry becomes a line; JSON unless it says otherwise. It is given no secrets. */
  readonly render?: (entry: Fields) => string
  /** Lines are collected and written together this often, in milliseconds; errors are written at once. */
  readonly flushEveryMs?: number
}

/** A logger that writes one JSON object a line, without secrets. */
export interface Log extends Logger {
  /** A log whose entries all carry these fields; the entry's own field wins over one of the same name. */
  child(fields: Fields): Log
  /** Writes what was collected. */
  flush(): void
  /** Whether entries of the level `debug` are written, for those that cost something to make. */
  readonly writesDebug: boolean
}

/** Starts a log. It keeps no process alive, so `flush` belongs to the end of the program. */
export function createLog({ level, write, now, render, flushEveryMs = 50 }: LogOptions): Log {
  const lines = createLines(write, flushEveryMs)
  const timestamp = createTimestamp(now)
  const append = (entryLevel: Level, event: string, bound: Fields, fields: Fields): void => {
    const entry = { time: timestamp(), level: entryLevel, event, ...bound }
    const redacted = (): Fields => addRedacted({ ...entry, event: mask(event) }, fields)
    lines.add(render ? render(redacted()) : `${plainJson(entry, fields) ?? JSON.stringify(redacted())}\n`)
    if (entryLevel === 'error') lines.flush()
  }
  const createChild = (bound: Fields): Log => {
    const at = (entryLevel: Level): Logger[Level] =>
      isLogged(entryLevel, level) ? (event, fields = {}) => append(entryLevel, event, bound, fields) : ignore
    return {
      debug: at('debug'),
      info: at('info'),
      warn: at('warn'),
      error: at('error'),
      child: (fields) => createChild(addRedacted({ ...bound }, fields)),
      flush: lines.flush,
      writesDebug: isLogged('debug', level),
    }
  }
  return createChild({})
}

const isLogged = (entryLevel: Level, level: LogLevel): boolean =>
  level !== 'silent' && LEVELS.indexOf(entryLevel) >= LEVELS.indexOf(level)

const ignore = (): void => {}

/** The names every entry has; a field of the same name gets a `_` behind it. */
const RESERVED = new Set(['time', 'level', 'event'])

/**
 * The entry as it is, where it is made of plain values and nothing in it looks like a secret: the common case, and
 * every request ends in one. Undefined where it has to be looked at field by field.
 */
function plainJson(entry: Fields, fields: Fields): string | undefined {
  for (const name in fields) {
    if (RESERVED.has(name) || !isPlain(fields[name])) return undefined
  }
  const json = JSON.stringify({ ...entry, ...fields })
  return mayHoldSecret(json) ? undefined : json
}

function addRedacted(entry: Record<string, unknown>, fields: Fields): Record<string, unknown> {
  for (const name of Object.keys(fields)) {
    entry[RESERVED.has(name) ? `${name}_` : name] = redactField(fields, name)
  }
  return entry
}

interface Lines {
  readonly add: (line: string) => void
  readonly flush: () => void
}

/** Collects lines and hands them on in one call: writing is what costs, not the lines. */
function createLines(write: LogOptions['write'], flushEveryMs: number): Lines {
  let pending = ''
  let timer: ReturnType<typeof setTimeout> | undefined
  const flush = (): void => {
    clearTimeout(timer)
    timer = undefined
    const text = pending
    pending = ''
    if (text !== '') attempt(write, text)
  }
  const add = (line: string): void => {
    pending += line
    timer ??= setTimeout(flush, flushEveryMs).unref()
  }
  return { add, flush }
}

function attempt(write: LogOptions['write'], text: string): void {
  try {
    write(text)
  } catch {
    // There is nobody left to tell: the log is where one would.
  }
}

/** The time in ISO 8601. Writing it out is dear, so entries of the same millisecond share it. */
function createTimestamp(now: () => number): () => string {
  let lastMs = NaN
  let text = ''
  return () => {
    const nowMs = now()
    if (nowMs !== lastMs) text = new Date(nowMs).toISOString()
    lastMs = nowMs
    return text
  }
}
