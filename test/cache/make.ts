import type { Database } from 'bun:sqlite'

import type { CachedAnswer } from '../../src/cache/answer.ts'
import { DISK_MIGRATIONS } from '../../src/cache/rows.ts'
import { openDatabase } from '../../src/store/database.ts'
import type { MessageResponse } from '../../src/wire/anthropic/response.ts'
import { silentLog } from '../support/log.ts'

const USAGE = {
  input_tokens: 10,
  output_tokens: 5,
  cache_read_input_tokens: 2,
  cache_creation_input_tokens: 1,
}

/** An answer of 18 tokens and a cent. */
export const makeAnswer = (text: string, nowMs: number, lifeMs = 5000, owner = 'ann'): CachedAnswer => ({
  owner,
  message: { content: [{ type: 'text', text }], usage: USAGE } as unknown as MessageResponse,
  model: 'a/b',
  storedAtMs: nowMs,
  expiresAtMs: nowMs + lifeMs,
  costUsd: 0.01,
})

/** A text of about that many characters that cannot be packed well, another one for each seed. */
export const makeNoise = (characters: number, seed: number | string): string =>
  Array.from({ length: Math.ceil(characters / 12) }, (_, at) => Bun.hash(`${seed} ${at}`).toString(36)).join(
    '',
  )

export const openAnswers = (path: string, damage?: unknown): Database =>
  openDatabase({ path, migrations: DISK_MIGRATIONS, stamp: () => 'then', log: silentLog }, damage)
