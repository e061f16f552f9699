import { describe, expect, test } from 'bun:test'

import fc from 'fast-check'

import { type Caller, plainCaller } from '../../src/core/caller.ts'
import { Failure } from '../../src/core/errors.ts'
import { findTargets, toFacts } from '../../src/messages/map-model.ts'
import { findModel, listModels } from '../../src/messages/models.ts'
import type { PageQuery } from '../../src/messages/page.ts'
import type { NamedUpstream, Services, Upstreams } from '../../src/messages/services.ts'
import { compileChoice } from '../../src/translate/choice.ts'
import type { ModelMap } from '../../src/translate/model.ts'
import type { Target } from '../../src/translate/target.ts'
import type { Catalogue } from '../../src/upstream/catalogue.ts'
import type { ModelRecord } from '../../src/wire/openrouter/models.ts'

const SONNET: ModelRecord = {
  id: 'anthropic/claude-sonnet-4.5',
  name: 'Anthropic: Claude Sonnet 4.5',
  created: 1_759_161_676,
  context_length: 1_000_000,
  architecture: { input_modalities: ['text', 'image', 'file'] },
  top_provider: { max_completion_tokens: 64_000 },
  supported_parameters: ['tools', 'tool_choice', 'reasoning', 'structured_outputs'],
  reasoning: { supports_max_tokens: true, supported_efforts: null, default_enabled: false, mandatory: null },
}
const RECORDS: readonly ModelRecord[] = [
  { id: 'old/model', created: 1_600_000_000 },
  SONNET,
  { id: 'new/model', name: 'New', created: 1_790_000_000 },
  { id: 'openai/gpt-5.2', name: 'GPT-5.2', created: 1_780_000_000 },
  { id: 'small', created: 1 },
]
const MAP: ModelMap = {
  big: 'anthropic/claude-sonnet-4.5',
  small: 'nobody/knows',
  bigIsSet: false,
  smallIsSet: false,
  aliases: { gpt: 'openai/gpt-5.2', 'o3*': 'openai/gpt-5.2' },
  openrouter: true,
}

const catalogueOf = (records: readonly ModelRecord[]): Catalogue => ({
  ready: () => undefined,
  record: (model) => records.find(({ id }) => id === model),
  list: async () => records,
})

/** As much of the services as lists of models need. */
const servicesOf = (records = RECORDS, models = MAP): Services =>
  ({
    upstreams: upstreamsOf(records),
    serverTools: { webTools: 'auto' },
    choose: compileChoice({
      models,
      upstreams: [{ name: 'default', wire: 'chat', dialect: 'openrouter', models: [] }],
      modelRules: [],
      cacheBreakpoints: 'client',
    }),
    models,
  }) as unknown as Services

const upstreamsOf = (records: readonly ModelRecord[]): Upstreams => {
  const upstream = { name: 'default', openrouter: true, catalogue: catalogueOf(records) } as NamedUpstream
  return { of: () => upstream, all: [upstream] }
}

const targetOf = (asked: Parameters<typeof findTargets>[0], records = RECORDS): Target =>
  findTargets(asked, servicesOf(records))[0]

const list = async (query: Partial<PageQuery> = {}, services = servicesOf(), caller?: Caller) =>
  listModels({ limit: null, afterId: null, beforeId: null, ...query }, services, caller)

const find = async (id: string, services = servicesOf(), caller?: Caller) => findModel(id, services, caller)

const idsOf = (page: Awaited<ReturnType<typeof list>>): string[] => page.data.map(({ id }) => id)

const ALL = ['big', 'small', 'gpt', 'new/model', 'openai/gpt-5.2', 'anthropic/claude-sonnet-4.5', 'old/model']

describe('the list of models (C159)', () => {
  test('has the aliases first, then the newest, every id once', async () => {
    const page = await list()
    expect(idsOf(page)).toEqual(ALL)
    expect(page).toMatchObject({ has_more: false, first_id: 'big', last_id: 'old/model' })
  })

  test.each<[string, Partial<PageQuery>, string[], boolean]>([
    ['the first page', { limit: '2' }, ['big', 'small'], true],
    ['what follows a model', { limit: '2', afterId: 'small' }, ['gpt', 'new/model'], true],
    ['the last page', { limit: '10', afterId: 'gpt' }, ALL.slice(3), false],
    ['nothing after the last', { afterId: 'old/model' }, [], false],
    ['the page just before a model', { limit: '2', beforeId: 'new/model' }, ['small', 'gpt'], true],
    ['the beginning', { limit: '5', beforeId: 'gpt' }, ['big', 'small'], false],
    ['nothing before the first', { beforeId: 'big' }, [], false],
    ['a page that ends exactly at the end', { limit: '7' }, ALL, false],
  ])('has pages: %s', async (_, query, ids, hasMore) => {
    const page = await list(query)
    expect(idsOf(page)).toEqual(ids)
    expect(page).toMatchObject({ has_more: hasMore, first_id: ids[0] ?? null, last_id: ids.at(-1) ?? null })
  })

  test('is whole however it is paged', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 9 }), fc.boolean(), async (limit, backwards) => {
        const seen: string[] = []
        for (let at: string | null = backwards ? 'old/model' : null; ;) {
          const cursor: Partial<PageQuery> = backwards ? { beforeId: at } : { afterId: at }
          const page = await list({ limit: String(limit), ...cursor })
          if (backwards) seen.unshift(...idsOf(page))
          else seen.push(...idsOf(page))
          if (!page.has_more) break
          at = backwards ? page.first_id : page.last_id
        }
        expect(seen).toEqual(backwards ? ALL.slice(0, -1) : ALL)
      }),
    )
  })

  test('has twenty by default', async () => {
    const many = Array.from({ length: 30 }, (_, n): ModelRecord => ({ id: `m/${n}` }))
    const page = await list({}, servicesOf(many))
    expect(page.data).toHaveLength(20)
    expect(page.has_more).toBe(true)
  })

  test('has the aliases alone while the upstream is not known', async () => {
    expect(idsOf(await list({}, servicesOf([])))).toEqual(['big', 'small', 'gpt'])
  })
})

test.each<[string, Partial<PageQuery>, string]>([
  ['none', { limit: '0' }, 'limit: Input should be greater than or equal to 1'],
  ['less than none', { limit: '-1' }, 'limit: Input should be greater than or equal to 1'],
  ['too many', { limit: '1001' }, 'limit: Input should be less than or equal to 1000'],
  ['no number', { limit: 'x' }, 'limit: Input should be a valid integer'],
  ['half a model', { limit: '1.5' }, 'limit: Input should be a valid integer'],
  ['nothing', { limit: '' }, 'limit: Input should be a valid integer'],
  ['both directions', { afterId: 'big', beforeId: 'gpt' }, 'after_id: only one of'],
  ['after nobody', { afterId: 'x' }, "after_id: there is no model 'x'"],
  ['before nobody', { beforeId: 'x' }, "before_id: there is no model 'x'"],
])('a page of %s is refused (C160)', async (_, query, words) => {
  const failure = await list(query).catch((error: unknown) => error)
  expect(failure).toBeInstanceOf(Failure)
  expect(failure).toMatchObject({ status: 400, kind: 'invalid_request_error' })
  expect((failure as Failure).message).toStartWith(words)
})

describe('one model (C161)', () => {
  test.each([
    ['by its id', 'anthropic/claude-sonnet-4.5', 'Anthropic: Claude Sonnet 4.5'],
    ['by an alias', 'big', 'big (Anthropic: Claude Sonnet 4.5)'],
    ['by an alias of the operator', 'gpt', 'gpt (GPT-5.2)'],
    ['by a pattern', 'o3-pro', 'o3-pro (GPT-5.2)'],
    [
      'by a Claude name',
      'claude-sonnet-4-5-20250929',
      'claude-sonnet-4-5-20250929 (Anthropic: Claude Sonnet 4.5)',
    ],
    ['without a name', 'old/model', 'old/model'],
    ['by an alias whose target nobody knows', 'small', 'small (nobody/knows)'],
  ])('%s', async (_, id, display_name) => {
    expect(await find(id, servicesOf())).toMatchObject({ type: 'model', id, display_name })
  })

  test.each(['nobody', 'claude-opus-9', ''])('that nobody knows is not found: %p', async (id) => {
    const failure = await find(id, servicesOf()).catch((error: unknown) => error)
    expect(failure).toMatchObject({ status: 404, kind: 'not_found_error', message: `model: ${id}` })
  })

  test('tells what the upstream says of it', async () => {
    expect(await find('big', servicesOf())).toMatchObject({
      created_at: '2025-09-29T16:01:16Z',
      max_input_tokens: 1_000_000,
      max_tokens: 64_000,
      lifecycle: 'active',
      line: 'sonnet',
    })
  })

  test('tells nothing that it does not know', async () => {
    const bare = await find('magnum-opus', servicesOf([{ id: 'magnum-opus' }]))
    expect(bare).toMatchObject({
      created_at: '1970-01-01T00:00:00Z',
      max_input_tokens: null,
      max_tokens: null,
      capabilities: null,
      line: null,
    })
  })

  test.each([1e20, Number.NaN, 'soon'])(
    'survives the nonsense %p as its time of creation',
    async (created) => {
      const record = { id: 'a/b', created } as unknown as ModelRecord
      expect((await find('a/b', servicesOf([record]))).created_at).toBe('1970-01-01T00:00:00Z')
    },
  )
})

describe('a key with a list of models', () => {
  const keyFor = (...models: readonly string[]): Caller => plainCaller('key-1', { models })

  test.each<[string, readonly string[], string[]]>([
    ['by an alias, which is its target too', ['big'], ['big', 'anthropic/claude-sonnet-4.5']],
    ['by the name upstream, which is its aliases too', ['openai/gpt-5.2'], ['gpt', 'openai/gpt-5.2']],
    ['by a pattern', ['n*w/*'], ['new/model']],
    ['none', [], []],
  ])('sees only those models: %s', async (_, models, ids) => {
    const page = await list({}, servicesOf(), keyFor(...models))
    expect(idsOf(page)).toEqual(ids)
    expect(page).toMatchObject({ first_id: ids[0] ?? null, last_id: ids.at(-1) ?? null })
  })

  test('has pages of what it sees', async () => {
    const key = keyFor('big', 'new/*', 'old/*')
    const first = await list({ limit: '2' }, servicesOf(), key)
    expect(idsOf(first)).toEqual(['big', 'new/model'])
    expect(first.has_more).toBe(true)
    const second = await list({ limit: '2', afterId: 'new/model' }, servicesOf(), key)
    expect(idsOf(second)).toEqual(['anthropic/claude-sonnet-4.5', 'old/model'])
    expect(second.has_more).toBe(false)
    const back = await list({ limit: '3', beforeId: 'old/model' }, servicesOf(), key)
    expect(idsOf(back)).toEqual(['big', 'new/model', 'anthropic/claude-sonnet-4.5'])
    expect(back.has_more).toBe(false)
  })

  test('learns of no other model, neither by a page nor by its name', async () => {
    const key = keyFor('gpt')
    expect(await find('o3-pro', servicesOf(), key)).toMatchObject({ id: 'o3-pro' })
    for (const id of ['big', 'old/model', 'nobody']) {
      const failure = await find(id, servicesOf(), key).catch((error: unknown) => error)
      expect(failure).toMatchObject({ status: 404, kind: 'not_found_error', message: `model: ${id}` })
    }
    const failure = await list({ afterId: 'big' }, servicesOf(), key).catch((error: unknown) => error)
    expect(failure).toMatchObject({ status: 400, message: "after_id: there is no model 'big' in the list" })
  })
})

describe('the target of a request', () => {
  test('is a slug with what the catalogue knows of it', () => {
    const target = targetOf({ model: 'claude-sonnet-4-5[1m]' })
    expect(target).toMatchObject({
      model: 'anthropic/claude-sonnet-4.5',
      family: 'anthropic',
      openrouter: true,
      facts: toFacts(SONNET),
      fallbacks: [],
    })
  })

  test('has fallbacks, each by its own slug', () => {
    const fallbacks = [{ model: 'gpt' }, { model: 'claude-haiku-4-5' }, { model: 'a/b' }]
    const target = targetOf({ model: 'big', fallbacks }, [])
    expect(target.fallbacks).toEqual(['openai/gpt-5.2', 'anthropic/claude-haiku-4.5', 'a/b'])
    expect(targetOf({ model: 'big', fallbacks: 'default' }, []).fallbacks).toEqual([])
  })
})

test('facts leave out what the record does not say', () => {
  expect(toFacts(SONNET)).toEqual({
    contextTokens: 1_000_000,
    maxOutputTokens: 64_000,
    inputModalities: ['text', 'image', 'file'],
    supportedParameters: ['tools', 'tool_choice', 'reasoning', 'structured_outputs'],
    reasoning: { supportsMaxTokens: true, defaultEnabled: false },
  })
  expect(toFacts({ id: 'x', context_length: null, architecture: null, reasoning: null })).toEqual({})
})
