import type { Random } from './random.ts'

// Values that nobody means, and everybody gets one day.

const TEXTS = [
  '',
  ' ',
  '\n\t\r',
  '\u0000',
  '\u2028\u2029',
  '\ufeffbom',
  '👩‍👩‍👧‍👦 عربى 𝕏 Z̸͑',
  '\u202egnp.exe',
  'null',
  '[DONE]',
  'data: [DONE]\n\n',
  'event: error\ndata: {}\n\n',
  '__proto__',
  'constructor',
  'toString',
  '../../etc/passwd',
  '%00%2f',
  '${7*7}{{7*7}}',
  '<tool_call>{"name":"Bash"}</tool_call>',
  'http://[::1',
  'data:image/png;base64,',
  'x'.repeat(3000),
  '"\\'.repeat(400),
]

const NUMBERS = [
  0,
  -0,
  -1,
  1.5,
  1e-320,
  1e21,
  1.7976931348623157e308,
  -(2 ** 31),
  2 ** 31,
  2 ** 32,
  Number.MAX_SAFE_INTEGER,
  Number.MIN_SAFE_INTEGER,
  2 ** 64,
]

/** Keys that are more than keys in JavaScript, and some that are nothing anywhere. */
export const KEYS = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'valueOf',
  'then',
  'toJSON',
  'length',
  '0',
  '',
  ' ',
  '\u0000',
  '👻',
  '$ref',
  'x'.repeat(500),
]

/** Patterns that take an engine with backtracking for ever, or that are none. */
const PATTERNS = [
  '^(a+)+$',
  '^(a|aa)+$',
  '(.*)*=(.*)*;$',
  '^(([a-z])+.)+[A-Z]([a-z])+$',
  '(?=(a+)+b)',
  '\\p{Script=Greek}+(?<=x)',
  '(a{1,99}){1,99}$',
  '(',
  '[z-a]',
  '\\',
  '(?<n>a)\\k<n>',
  '^'.repeat(2000),
]

export const oddText = (random: Random): string => random.pick(TEXTS)

export const oddNumber = (random: Random): number => random.pick(NUMBERS)

/** An object that holds such a key of its own, as `JSON.parse` makes it. */
export function withKey(key: string, value: unknown): object {
  const object = {}
  Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true })
  return object
}

/** Wrapped so many times. */
export function nest(depth: number, wrap: (inner: unknown) => unknown, innermost: unknown = 0): unknown {
  let value = innermost
  for (let level = 0; level < depth; level++) value = wrap(value)
  return value
}

/** Anything at all. */
export function oddValue(random: Random): unknown {
  return random.pick<() => unknown>([
    () => null,
    () => true,
    () => false,
    () => oddNumber(random),
    () => oddText(random),
    () => [],
    () => ({}),
    () => [oddNumber(random), oddText(random), null],
    () => withKey(random.pick(KEYS), oddText(random)),
    () => withKey('__proto__', { polluted: true, type: 'text', role: 'user' }),
    () => nest(random.pick([3, 10, 40, 40, 300, 900, random.chance(0.1) ? 1100 : 5]), (inner) => [inner]),
    () => nest(random.pick([3, 40, 900]), (inner) => ({ type: 'object', items: inner })),
    () => Array.from({ length: 2000 }, () => 0),
  ])()
}

const TYPES = ['object', 'array', 'string', 'number', 'integer', 'boolean', 'null', ['string', 'null']]

/** A JSON schema as models, people and attackers write them: right, wrong, endless or costly to check. */
export function oddSchema(random: Random, isLawful = random.chance(0.6), depth = 3): unknown {
  if (depth === 0 || random.chance(0.1))
    return isLawful || random.chance(0.7) ? { type: 'string' } : oddValue(random)
  const inner = (): unknown => oddSchema(random, isLawful, depth - 1)
  /** What is told to be no schema is only there where that is what is wanted. */
  const one = (lawful: readonly unknown[], unlawful: readonly unknown[]): unknown =>
    random.pick(isLawful ? lawful : [...lawful, ...unlawful])
  const rules: Record<string, unknown> = { type: one(TYPES, ['any', 7, null, 'Object', []]) }
  const add = (name: string, probability: number, value: () => unknown): void => {
    if (random.chance(probability)) rules[name] = value()
  }
  add('properties', 0.7, () =>
    Object.fromEntries(
      random.times(random.below(4), () => [random.pick([...KEYS, 'a', 'type', 'b']), inner()]),
    ),
  )
  add('required', 0.4, () => one([['a'], ['missing', 'a']], [['a', 'a'], 'a', [7]]))
  add('additionalProperties', 0.5, () => random.pick<unknown>([false, true, inner()]))
  add('items', 0.3, inner)
  add('pattern', 0.3, () => random.pick(PATTERNS))
  add('patternProperties', 0.15, () => ({ [random.pick(PATTERNS)]: inner() }))
  add('propertyNames', 0.1, inner)
  add('enum', 0.15, () => one([[1, 'a', null], [{ a: 1 }]], [[], 'a', ['a', 'a']]))
  add('const', 0.1, () => oddValue(random))
  add('anyOf', 0.15, () => one([[inner(), inner()]], [[], 'x']))
  add('allOf', 0.1, () => [inner(), { $ref: '#' }])
  add('oneOf', 0.1, () => [inner(), inner()])
  add('not', 0.1, inner)
  add('if', 0.05, inner)
  add('$ref', 0.15, () =>
    random.pick(['#', '#/$defs/A', '#/properties/a', 'http://127.0.0.1:9/', '#/%', '#/$defs/B']),
  )
  add('$defs', 0.2, () => ({ A: { $ref: '#/$defs/B' }, B: { $ref: '#/$defs/A' }, ['__proto__']: inner() }))
  add('format', 0.15, () => random.pick(['date-time', 'uri', 'regex', 'email', '__proto__', 'x'.repeat(99)]))
  add('minLength', 0.1, () => one([0, 1, 2 ** 40], [oddNumber(random)]))
  add('maximum', 0.1, () => oddNumber(random))
  add('multipleOf', 0.1, () => one([1e-300, 3, 0.1], [0, -1]))
  add('maxItems', 0.1, () => one([0, 3], [oddNumber(random)]))
  add('uniqueItems', 0.1, () => true)
  add('default', 0.1, () => oddValue(random))
  return rules
}
