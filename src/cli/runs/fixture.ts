import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import type { RunRecording } from '../../wire/server/runs.ts'
import { CommandFailure } from '../command.ts'

/** The names that test/golden/ and test/golden-requests/ give to these parts. */
const FILES = {
  request: 'request.anthropic.json',
  upstream_request: 'request.openrouter.json',
  terms: 'terms.json',
  message: 'message.json',
} as const
const CHUNKS = 'chunks.jsonl'

/** Writes a recording as a folder of the tests' golden form; says which files it wrote. */
export function writeFixture(folder: string, recording: RunRecording): readonly string[] {
  if (existsSync(folder))
    throw new CommandFailure(`${folder} is there already; name another folder with --out`)
  mkdirSync(folder, { recursive: true })
  const written: string[] = []
  const write = (name: string, text: string): void => {
    writeFileSync(join(folder, name), text)
    written.push(name)
  }
  for (const [part, name] of Object.entries(FILES)) {
    const value = recording[part as keyof typeof FILES]
    if (value !== null && value !== undefined) write(name, `${JSON.stringify(value, null, 2)}\n`)
  }
  if (recording.chunks) write(CHUNKS, recording.chunks.map((chunk) => `${toLine(chunk)}\n`).join(''))
  return written
}

/** `[DONE]` is no JSON. */
const toLine = (chunk: unknown): string => (typeof chunk === 'string' ? chunk : JSON.stringify(chunk))

/** Reads what a replay needs of such a folder, or of its request's file alone. */
export function readFixture(path: string): Pick<RunRecording, 'request' | 'message'> {
  if (path.endsWith('.json')) return { request: readJson(path) }
  const message = join(path, FILES.message)
  return {
    request: readJson(join(path, FILES.request)),
    message: existsSync(message) ? readJson(message) : undefined,
  }
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new CommandFailure(
      `${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    )
  }
}
