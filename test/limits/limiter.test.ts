import { describe, expect, test } from 'bun:test'

import { type Limits, plainCaller } from '../../src/core/caller.ts'
import { Failure } from '../../src/core/errors.ts'
import { createLimiter, type LimitSettings } from '../../src/limits/limiter.ts'
import { createTestClock } from '../support/clock.ts'

const MINUTE_MS = 60_000

/** A limiter on a clock of its own, and a short way to ask it. */
function limited(
  perKey: Limits = {},
  settings: Partial<LimitSettings> = {},
  more: { spent?: () => number; strain?: () => string | undefined } = {},
) {
  const clock = createTestClock()
  const limiter = createLimiter({
    settings: { perKey, global: {}, queueWaitMs: 0, queueMaxWaitMs: 60_000, queueSize: 10, ...settings },
    clock,
    spentBy: () => ({ dayUsd: more.spent?.() ?? 0, monthUsd: more.spent?.() ?? 0 }),
    strain: more.strain ?? (() => undefined),
  })
  let requests = 0
  const ask = async (
    owner = 'key-1',
    {
      tokens = 0,
      wait,
      limits,
      signal,
    }: { tokens?: number; wait?: number; limits?: Limits; signal?: AbortSignal } = {},
  ) => {
    const id = `req_${requests++}`
    const caller = plainCaller(owner, { name: owner, ...(limits ? { limits } : {}) })
    const end = await limiter.admit(
      { id, caller, model: 'big', inputTokens: () => tokens, maxWaitMs: wait },
      signal ?? new AbortController().signal,
    )
    return { id, end }
  }
  const refusalOf = async (...args: Parameters<typeof ask>): Promise<Failure> => {
    const failure = await ask(...args).then(
      () => undefined,
      (error: unknown) => error,
    )
    if (!(failure instanceof Failure)) throw new Error('was let through')
    return failure
  }
  return { clock, limiter, ask, refusalOf, headers: () => limiter.headers(plainCaller('key-1')) }
}

describe('requests a minute', () => {
  test('let as many through, then one for each part of the minute', async () => {
    const { clock, ask, refusalOf } = limited({ requestsPerMinute: 3 })
    for (let n = 0; n < 3; n++) await ask()
    const failure = await refusalOf()
    expect(failure).toMatchObject({ kind: 'rate_limit_error', status: 429, retryable: true })
    expect(failure.message).toBe(
      "This request would exceed your organization's rate limit of 3 requests per minute (key: key-1, model: big). " +
        'You can see the response headers for current usage. Please try again later.',
    )
    expect(failure.retryAfterMs).toBeCloseTo(20_000)
    clock.advance(20_000)
    await ask()
    await refusalOf()
  })

  test('are counted for each key by itself', async () => {
    const { ask, refusalOf } = limited({ requestsPerMinute: 1 })
    await ask('key-1')
    await ask('key-2')
    await refusalOf('key-1')
  })

  test('are those of the key where it has a limit of its own', async () => {
    const { ask, refusalOf } = limited({ requestsPerMinute: 1 })
    await ask('key-1', { limits: { requestsPerMinute: 2 } })
    await ask('key-1', { limits: { requestsPerMinute: 2 } })
    await refusalOf('key-1', { limits: { requestsPerMinute: 2 } })
  })

  test('of all keys together bound every key', async () => {
    const { ask, refusalOf } = limited({}, { global: { requestsPerMinute: 2 } })
    await ask('key-1')
    await ask('key-2')
    expect((await refusalOf('key-3')).message).toContain('(all keys, model: big)')
  })
})

describe('input tokens a minute', () => {
  test('are reserved by a guess, and put right by what the upstream counted', async () => {
    const { limiter, ask, refusalOf, headers } = limited({ inputTokensPerMinute: 10_000 })
    const { id, end } = await ask('key-1', { tokens: 8000 })
    expect(headers()['anthropic-ratelimit-input-tokens-remaining']).toBe('2000')
    expect((await refusalOf('key-1', { tokens: 3000 })).message).toContain('10,000 input tokens per minute')
    limiter.charge({ requestId: id, owner: 'key-1', inputTokens: 1000, outputTokens: 0 })
    end()
    expect(headers()['anthropic-ratelimit-input-tokens-remaining']).toBe('9000')
    end()
    expect(headers()['anthropic-ratelimit-input-tokens-remaining']).toBe('9000')
  })

  test('may be overdrawn by a request that took more than was guessed; then the wait is longer', async () => {
    const { limiter, ask, refusalOf } = limited({ inputTokensPerMinute: 1000 })
    const { id, end } = await ask('key-1', { tokens: 10 })
    limiter.charge({ requestId: id, owner: 'key-1', inputTokens: 3000, outputTokens: 0 })
    end()
    expect((await refusalOf('key-1', { tokens: 1 })).retryAfterMs).toBeGreaterThan(2 * MINUTE_MS)
  })

  test('let a request through that is larger than the limit once all of it is there', async () => {
    const { ask, refusalOf } = limited({ inputTokensPerMinute: 1000 })
    const { end } = await ask('key-1', { tokens: 5000 })
    end()
    await ask('key-1', { tokens: 5000 })
    await refusalOf('key-1', { tokens: 5000 })
  })

  test('are not asked for where they are not limited', async () => {
    const { limiter } = limited({ requestsPerMinute: 5 })
    const inputTokens = (): number => {
      throw new Error('was asked')
    }
    const asked = { id: 'req_x', caller: plainCaller('k'), model: 'm', maxWaitMs: undefined, inputTokens }
    await limiter.admit(asked, new AbortController().signal)
  })
})

test('output tokens a minute refuse the next request, not the one that took them', async () => {
  const { clock, limiter, ask, refusalOf } = limited({ outputTokensPerMinute: 600 })
  const { id } = await ask()
  limiter.charge({ requestId: id, owner: 'key-1', inputTokens: 0, outputTokens: 900 })
  const failure = await refusalOf()
  expect(failure.message).toContain('600 output tokens per minute')
  expect(failure.retryAfterMs).toBeCloseTo(30_100, -2)
  clock.advance(31_000)
  await ask()
})

describe('requests at the same time', () => {
  test('are refused until one ends', async () => {
    const { ask, refusalOf } = limited({ concurrentRequests: 2 })
    const first = await ask()
    await ask()
    expect(await refusalOf()).toMatchObject({
      kind: 'rate_limit_error',
      message:
        'Number of concurrent connections has exceeded your rate limit of 2 (key: key-1). Please try again later.',
    })
    first.end()
    first.end()
    await ask()
    await refusalOf()
  })

  test('of all keys are the overload of the server', async () => {
    const { ask, refusalOf } = limited({}, { global: { concurrentRequests: 1 } })
    await ask('key-1')
    expect(await refusalOf('key-2')).toMatchObject({
      kind: 'overloaded_error',
      status: 529,
      retryAfterMs: 1000,
    })
  })
})

describe('a budget', () => {
  test.each([
    [{ dailyBudgetUsd: 2 }, 'day'],
    [{ monthlyBudgetUsd: 2 }, 'month'],
  ])('%j refuses without a time to come again', async (limits, period) => {
    let spent = 1.99
    const { ask, refusalOf } = limited(limits, {}, { spent: () => spent })
    await ask()
    spent = 2.5
    const failure = await refusalOf()
    expect(failure).toMatchObject({
      kind: 'rate_limit_error',
      status: 429,
      retryable: false,
      retryAfterMs: undefined,
      details: { error_code: 'enforced_spend_limit_reached' },
    })
    expect(failure.message).toContain(`$2.50 of $2.00 a ${period} are spent (key: key-1)`)
  })
})

test('a strained server takes on nothing, and says why', async () => {
  let strain: string | undefined = 'the server cannot keep up'
  const { ask, refusalOf } = limited({}, {}, { strain: () => strain })
  const failure = await refusalOf()
  expect(failure).toMatchObject({ kind: 'overloaded_error', status: 529, retryAfterMs: 1000 })
  expect(failure.message).toStartWith('Overloaded: the server cannot keep up')
  strain = undefined
  await ask()
})

describe('the headers', () => {
  test('are none where nothing is limited', () => {
    expect(limited().headers()).toEqual({})
  })

  test("are Anthropic's, in whole numbers and RFC 3339, with the tightest token limit as `tokens`", async () => {
    const { limiter, ask, headers } = limited({
      requestsPerMinute: 50,
      inputTokensPerMinute: 30_000,
      outputTokensPerMinute: 8000,
    })
    const { id, end } = await ask('key-1', { tokens: 600 })
    limiter.charge({ requestId: id, owner: 'key-1', inputTokens: 600, outputTokens: 4000 })
    end()
    expect(headers()).toEqual({
      'anthropic-ratelimit-requests-limit': '50',
      'anthropic-ratelimit-requests-remaining': '49',
      'anthropic-ratelimit-requests-reset': '2026-11-22T12:00:02Z',
      'anthropic-ratelimit-input-tokens-limit': '30000',
      'anthropic-ratelimit-input-tokens-remaining': '29000',
      'anthropic-ratelimit-input-tokens-reset': '2026-11-22T12:00:02Z',
      'anthropic-ratelimit-output-tokens-limit': '8000',
      'anthropic-ratelimit-output-tokens-remaining': '4000',
      'anthropic-ratelimit-output-tokens-reset': '2026-11-22T12:00:30Z',
      'anthropic-ratelimit-tokens-limit': '8000',
      'anthropic-ratelimit-tokens-remaining': '4000',
      'anthropic-ratelimit-tokens-reset': '2026-11-22T12:00:30Z',
    })
  })

  test('tell the tighter one of the key’s limit and the one of all keys', async () => {
    const { ask, headers } = limited({ requestsPerMinute: 10 }, { global: { requestsPerMinute: 4 } })
    for (let n = 0; n < 3; n++) await ask('key-2')
    expect(headers()).toMatchObject({
      'anthropic-ratelimit-requests-limit': '4',
      'anthropic-ratelimit-requests-remaining': '1',
    })
  })

  test('follow a limit that is changed', async () => {
    const { limiter, ask, headers } = limited({ requestsPerMinute: 10 })
    await ask()
    limiter.configure({
      perKey: { requestsPerMinute: 5 },
      global: {},
      queueWaitMs: 0,
      queueMaxWaitMs: 0,
      queueSize: 0,
    })
    expect(headers()['anthropic-ratelimit-requests-remaining']).toBe('4')
  })
})

describe('waiting', () => {
  const queued = (settings: Partial<LimitSettings> = {}) =>
    limited({}, { global: { concurrentRequests: 1 }, queueWaitMs: 5000, ...settings })

  test('lets a request through as soon as there is room', async () => {
    const { limiter, ask } = queued()
    const first = await ask()
    const second = ask()
    expect(limiter.stats()).toMatchObject({ running: 1, waiting: 1 })
    first.end()
    await second
    expect(limiter.stats()).toMatchObject({ running: 1, waiting: 0, admitted: 2 })
  })

  test('lets the keys through in turn, however many wait for one of them', async () => {
    const { ask } = queued()
    let running = await ask('key-0')
    const order: string[] = []
    const waiting = ['a', 'a', 'a', 'b', 'c'].map(async (owner) => {
      const next = await ask(owner)
      order.push(owner)
      running = next
    })
    for (const _ of waiting) {
      const before = order.length
      running.end()
      while (order.length === before) await Promise.resolve()
    }
    await Promise.all(waiting)
    expect(order).toEqual(['a', 'b', 'c', 'a', 'a'])
  })

  test('ends in the refusal when the time is up, and leaves nothing behind', async () => {
    const { clock, limiter, ask, refusalOf } = queued()
    await ask()
    const refused = refusalOf()
    clock.advance(4999)
    expect(limiter.stats().waiting).toBe(1)
    clock.advance(1)
    expect((await refused).kind).toBe('overloaded_error')
    expect(limiter.stats()).toMatchObject({ waiting: 0, refused: { overloaded_error: 1 } })
    expect(clock.watchers()).toBe(0)
  })

  test('is given up when the client hangs up', async () => {
    const { clock, limiter, ask } = queued()
    await ask()
    const hangUp = new AbortController()
    const waiting = ask('key-1', { signal: hangUp.signal })
    hangUp.abort()
    expect(waiting).rejects.toThrow('The client hung up.')
    await waiting.catch(() => {})
    expect(limiter.stats().waiting).toBe(0)
    expect(clock.watchers()).toBe(0)
  })

  test('is bounded in number', async () => {
    const { ask, refusalOf } = queued({ queueSize: 1 })
    await ask()
    void ask().catch(() => {})
    await refusalOf()
  })

  test('is as long as the client asks for, within bounds', async () => {
    const { clock, ask, refusalOf } = queued({ queueWaitMs: 0, queueMaxWaitMs: 2000 })
    await ask()
    await refusalOf()
    const refused = refusalOf('key-1', { wait: 9000 })
    clock.advance(2000)
    await refused
  })

  test('is for the minute to pass, too', async () => {
    const { clock, ask } = limited({ requestsPerMinute: 1 }, { queueWaitMs: 60_000 })
    await ask()
    const second = ask()
    clock.advance(59_000)
    clock.advance(1000)
    await second
  })

  test('no newcomer overtakes those who wait', async () => {
    const { ask } = queued()
    const first = await ask('key-0')
    const order: string[] = []
    const early = ask('a').then(({ end }) => (order.push('a'), end()))
    first.end()
    const late = ask('b').then(({ end }) => (order.push('b'), end()))
    await Promise.all([early, late])
    expect(order).toEqual(['a', 'b'])
  })
})
