import { expect, test } from 'bun:test'

import { fuzz } from './fuzz.ts'

/** The same cases at each run, so that a red test is the doing of a change; `bun run fuzz` looks for new ones. */
const SEED = 1
const COUNT = 1500

test('no request and no answer of an upstream makes the server fail, break a rule or tell a key', async () => {
  const { outcomes, faults } = await fuzz({ seed: SEED, from: 0, count: COUNT })
  expect(faults.map(({ index, message }) => `case ${index} of seed ${SEED}: ${message}`)).toEqual([])
  for (const outcome of ['message', 'stream', 'stream broken off', 'refused', 'failed', 'count'] as const)
    expect(outcomes[outcome]).toBeGreaterThan(0)
}, 120_000)
