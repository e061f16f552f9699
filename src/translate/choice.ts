import { DEFAULT_UPSTREAM } from '../core/upstream.ts'
import { mapModel, type ModelMap } from './model.ts'
import type { Wire } from './target.ts'

/** Where a model is asked, and how. */
export interface Choice {
  readonly upstream: string
  /** The slug that this upstream knows. */
  readonly model: string
  readonly wire: Wire
  /** Names of the models to try when this one does not begin to answer; mapped like any other name. */
  readonly fallbacks: readonly string[]
  readonly options: Readonly<Record<string, unknown>>
  readonly cacheBreakpoints: 'auto' | 'client'
  /** Tools of this server that a request for the model may use unasked. */
  readonly serverTools: readonly string[]
}

/** A model as a client or the operator names it → where it is asked. */
export type Choose = (requested: string) => Choice

/** What the operator said of upstreams and models. */
export interface ChoiceTables {
  readonly models: ModelMap
  /** The first one has every model that no other one claims. */
  readonly upstreams: readonly [UpstreamRow, ...UpstreamRow[]]
  readonly modelRules: readonly RuleRow[]
  /** Where no rule says it. */
  readonly cacheBreakpoints: Choice['cacheBreakpoints']
}

export interface UpstreamRow {
  readonly name: string
  readonly wire: Wire
  readonly dialect: 'openrouter' | 'openai'
  /** Names or patterns of models. */
  readonly models: readonly string[]
}

export interface RuleRow {
  readonly pattern: string
  /** One of the upstreams. */
  readonly upstream: string | undefined
  readonly wire: Wire | undefined
  readonly fallbacks: readonly string[] | undefined
  readonly options: Readonly<Record<string, unknown>>
  readonly cacheBreakpoints: Choice['cacheBreakpoints'] | undefined
  readonly serverTools?: readonly string[] | undefined
}

/** Prepares the choice that every request asks for. Without tables, all goes to the default upstream as it is named. */
export const compileChoice = (tables?: ChoiceTables): Choose =>
  tables ? remembered(chooserOf(tables)) : asNamed

const asNamed: Choose = (model) => ({
  upstream: DEFAULT_UPSTREAM,
  model,
  wire: 'chat',
  fallbacks: [],
  options: NO_OPTIONS,
  cacheBreakpoints: 'client',
  serverTools: [],
})

/** Names come from clients, so that only so many are remembered, and none that is no name of a model. */
const MAX_NAMES = 1000
const MAX_NAME_CHARS = 200

function remembered(choose: Choose): Choose {
  const choices = new Map<string, Choice>()
  return (requested) => {
    const known = choices.get(requested)
    if (known) return known
    const choice = choose(requested)
    if (choices.size < MAX_NAMES && requested.length <= MAX_NAME_CHARS) choices.set(requested, choice)
    return choice
  }
}

/**
 * A name that begins with an upstream's name and a slash goes there;
 * else the most specific rule that names an upstream decides, then the patterns of the upstreams, then the first
 * upstream has it. All rules that fit are put together, the most specific one wins for each key.
 */
function chooserOf({ models, upstreams, modelRules, cacheBreakpoints }: ChoiceTables): Choose {
  const byName = new Map(upstreams.map((upstream) => [upstream.name, upstream]))
  const naming = { ...models, ownPrefix: byName.has('openrouter') }
  const rules = compilePatterns(modelRules.map((rule) => [rule.pattern, rule]))
  const owners = compilePatterns(
    upstreams.flatMap((upstream) => upstream.models.map((pattern) => [pattern, upstream] as const)),
  )
  return (requested) => {
    const names = namesOf(requested, naming, byName)
    const upstream =
      names.upstream ??
      byName.get(firstOf(fitting(rules, names.all), 'upstream') ?? '') ??
      fitting(owners, names.all)[0] ??
      upstreams[0]
    const inFull = `${upstream.name}/${names.plain}`.toLowerCase()
    const rule = merge(fitting(rules, [...names.all, inFull]))
    return {
      upstream: upstream.name,
      model: upstream.dialect === 'openrouter' ? names.slug : names.plain,
      wire: rule.wire ?? upstream.wire,
      fallbacks: rule.fallbacks ?? [],
      options: rule.options,
      cacheBreakpoints: rule.cacheBreakpoints ?? cacheBreakpoints,
      serverTools: rule.serverTools ?? [],
    }
  }
}

// — names —

/** What one model is called. */
interface Names {
  /** The upstream that the name itself names. */
  readonly upstream: UpstreamRow | undefined
  /** Without the upstream's name. */
  readonly plain: string
  /** The same, as OpenRouter calls it. */
  readonly slug: string
  /** Whatever a pattern may mean, in lower case. */
  readonly all: readonly string[]
}

function namesOf(requested: string, naming: ModelMap, byName: ReadonlyMap<string, UpstreamRow>): Names {
  const whole = mapModel(requested, { ...naming, openrouter: false })
  const slash = whole.indexOf('/')
  const upstream = byName.get(whole.slice(0, Math.max(slash, 0)).toLowerCase())
  const plain = upstream ? whole.slice(slash + 1) : whole
  const slug = upstream ? slugAt(upstream, plain) : mapModel(requested, { ...naming, openrouter: true })
  return { upstream, plain, slug, all: [plain, slug, whole].map((name) => name.toLowerCase()) }
}

/** What a model that was asked for at this very upstream is called there; nobody's alias any more. */
function slugAt({ name }: UpstreamRow, plain: string): string {
  if (/^claude-/i.test(plain)) return mapModel(plain, CLAUDE_SLUGS)
  // OpenRouter's routers have its name in theirs, e.g. `openrouter/auto`.
  return name === 'openrouter' && !plain.includes('/') ? `${name}/${plain}` : plain
}

const CLAUDE_SLUGS: ModelMap = {
  big: '',
  small: '',
  bigIsSet: false,
  smallIsSet: false,
  aliases: {},
  openrouter: true,
}

// — rules —

/** The first rule that says something wins, key by key; options are keys of their own. */
const merge = (rules: readonly RuleRow[]) => ({
  wire: firstOf(rules, 'wire'),
  serverTools: firstOf(rules, 'serverTools'),
  fallbacks: firstOf(rules, 'fallbacks'),
  cacheBreakpoints: firstOf(rules, 'cacheBreakpoints'),
  options: rules.length === 0 ? NO_OPTIONS : Object.assign({}, ...rules.map(optionsOf).toReversed()),
})

const NO_OPTIONS: RuleRow['options'] = Object.freeze({})
const optionsOf = ({ options }: RuleRow): RuleRow['options'] => options

const firstOf = <Key extends keyof RuleRow>(rules: readonly RuleRow[], key: Key): RuleRow[Key] | undefined =>
  rules.find((rule) => rule[key] !== undefined)?.[key]

// — patterns —

interface Compiled<Value> {
  readonly fits: (name: string) => boolean
  readonly value: Value
}

const fitting = <Value>(patterns: readonly Compiled<Value>[], names: readonly string[]): readonly Value[] =>
  patterns.flatMap(({ fits, value }) => (names.some(fits) ? value : []))

/** Most specific first: the exact names, then the patterns with the most letters, then as they were written. */
const compilePatterns = <Value>(rows: ReadonlyArray<readonly [string, Value]>): readonly Compiled<Value>[] =>
  rows
    .toSorted(([a], [b]) => specificity(b) - specificity(a))
    .map(([pattern, value]) => ({ fits: compilePattern(pattern), value }))

const specificity = (pattern: string): number =>
  pattern.includes('*') ? pattern.replaceAll('*', '').length : Number.MAX_SAFE_INTEGER

/** Whether a name in lower case fits; `*` stands for any text. No regular expression, as those can be made to search for very long. */
export function compilePattern(pattern: string): (name: string) => boolean {
  const [head = '', ...middle] = pattern.toLowerCase().split('*')
  const tail = middle.pop()
  if (tail === undefined) return (name) => name === head
  return (name) => {
    const end = name.length - tail.length
    if (head.length > end || !name.startsWith(head) || !name.endsWith(tail)) return false
    let at = head.length
    for (const part of middle) {
      const found = name.indexOf(part, at)
      if (found < 0) return false
      at = found + part.length
    }
    return at <= end
  }
}
