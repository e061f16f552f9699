import { describe, expect, test } from 'bun:test'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

import type { ClientProtocol } from '../src/core/context.ts'
import { readProtocol } from '../src/http/protocol.ts'
import { validateRequest } from '../src/messages/validate.ts'
import { translateRequest } from '../src/translate/request.ts'
import { type Target, toTarget } from '../src/translate/target.ts'
import { deepFreeze } from './support/freeze.ts'

/**
 * Each folder of `golden-requests/` is one conversation on its way upstream; README.md there says what each is about.
 * `GOLDEN=write bun test test/golden-requests.test.ts` writes what the translation says now; the diff is the review.
 */
const ROOT = join(import.meta.dir, 'golden-requests')
const WRITES = process.env['GOLDEN'] === 'write'

/** `target.json`: for whom to translate, and whose request. All of it may be left out. */
interface Scenario extends Partial<Target> {
  /** Another folder whose request this one translates for its own target. */
  readonly requestOf?: string
}

const scenarios = readdirSync(ROOT, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name)
  .toSorted()

const read = async (path: string): Promise<unknown> => (existsSync(path) ? Bun.file(path).json() : undefined)

/** `headers.json`: the client's headers. */
const toProtocol = (headers: Readonly<Record<string, string>>): ClientProtocol =>
  readProtocol(new Headers(headers), false)

async function translate(name: string): Promise<{ readonly body: unknown; readonly headers: object }> {
  const scenario = ((await read(join(ROOT, name, 'target.json'))) ?? {}) as Scenario
  const source = scenario.requestOf ?? name
  const request = deepFreeze(await read(join(ROOT, source, 'request.anthropic.json')))
  const protocol = toProtocol(
    ((await read(join(ROOT, source, 'headers.json'))) ?? {}) as Record<string, string>,
  )
  const { version, betas } = protocol
  const valid = validateRequest(request, { version, betas, strict: false, operation: 'create' })
  const { requestOf: _, model = 'anthropic/claude-sonnet-4.5', openrouter = true, ...details } = scenario
  const target = toTarget(model, openrouter, details)
  return translateRequest(valid.request, valid.turns, target, protocol, { maxTokensLimit: undefined })
}

/** The order of keys counts: caches upstream compare text. */
const toText = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`

describe.each(scenarios)('%s', (name) => {
  test('goes upstream as recorded', async () => {
    const { body, headers } = await translate(name)
    const [bodyPath, headersPath] = ['request.openrouter.json', 'upstream-headers.json'].map((file) =>
      join(ROOT, name, file),
    ) as [string, string]
    if (WRITES) {
      await Bun.write(bodyPath, toText(body))
      if (Object.keys(headers).length > 0) await Bun.write(headersPath, toText(headers))
    }
    expect(toText(body)).toBe(toText(await read(bodyPath)))
    expect(headers).toEqual(((await read(headersPath)) ?? {}) as object)
  })
})

test('every scenario has its line in the README, and every line its scenario', async () => {
  const text = await Bun.file(join(ROOT, 'README.md')).text()
  const listed = [...text.matchAll(/^\| `([^`]+)` +\|/gm)].map((line) => line[1] ?? '')
  expect(listed.toSorted()).toEqual(scenarios)
})
