import { isSchema, type Schema } from '../subschemas.ts'
import { FITS, inside, type Keyword, type Place, unless } from './keyword.ts'
import { addProblems, type Problem } from './problem.ts'

// — the same value against other schemas —

const reference: Keyword = (value, rule, { path, run }) =>
  typeof rule === 'string' ? run.check(value, run.resolve(rule), path) : FITS

const allOf: Keyword = (value, rule, { path, run }) =>
  isList(rule) ? gather(rule, (schema) => run.check(value, schema, path)) : FITS

const anyOf: Keyword = (value, rule, place) => {
  if (!isList(rule)) return FITS
  let nearest: readonly Problem[] | undefined
  for (const schema of rule) {
    const problems = place.run.check(value, schema, place.path)
    if (problems.length === 0) return FITS
    if (!nearest || distance(problems, place) < distance(nearest, place)) nearest = problems
  }
  if (!nearest || rule.length === 1) return nearest ?? FITS
  const message = `fits none of the ${rule.length} alternatives; what keeps it from the nearest one follows`
  return [{ path: place.path, message }, ...nearest]
}

/** A value of the wrong kind is further away than one with faults inside. */
const distance = (problems: readonly Problem[], { path }: Place): number =>
  problems.length + (problems.some((problem) => problem.path === path) ? 100 : 0)

const oneOf: Keyword = (value, rule, place) => {
  if (!isList(rule)) return FITS
  const fitting = rule.filter((schema) => place.run.check(value, schema, place.path).length === 0).length
  if (fitting === 0) return anyOf(value, rule, place)
  return unless(
    fitting === 1,
    place,
    () => `must fit exactly one of ${rule.length} alternatives, but fits ${fitting}`,
  )
}

const not: Keyword = (value, rule, place) => {
  if (!isSchema(rule) && typeof rule !== 'boolean') return FITS
  const fits = place.run.check(value, rule, place.path).length > 0
  return unless(fits, place, () => 'has a form that is excluded (`not`)')
}

const condition: Keyword = (value, rule, { schema, path, run }) => {
  const holds = run.check(value, rule, path).length === 0
  return run.check(value, holds ? schema['then'] : schema['else'], path)
}

// — lists —

const prefixItems: Keyword = (value, rule, { path, run }) =>
  Array.isArray(value) && isList(rule)
    ? gather(rule.slice(0, value.length), (schema, index) =>
        run.check(value[index], schema, inside(path, index)),
      )
    : FITS

/** In older drafts, a list here is what `prefixItems` is now. */
const items: Keyword = (value, rule, place) => {
  if (isList(rule)) return prefixItems(value, rule, place)
  const { prefixItems: before } = place.schema
  return checkItems(value, isList(before) ? before.length : 0, rule, place)
}

const additionalItems: Keyword = (value, rule, place) => {
  const { items: before } = place.schema
  return isList(before) ? checkItems(value, before.length, rule, place) : FITS
}

const checkItems = (
  value: unknown,
  start: number,
  schema: unknown,
  { path, run }: Place,
): readonly Problem[] =>
  Array.isArray(value)
    ? gather(value.slice(start), (item, index) => run.check(item, schema, inside(path, start + index)))
    : FITS

const contains: Keyword = (value, rule, place) => {
  if (!Array.isArray(value)) return FITS
  const { minContains: least = 1, maxContains: most = Infinity } = place.schema
  const found = value.filter((item) => place.run.check(item, rule, place.path).length === 0).length
  const fits = !(found < Number(least)) && !(found > Number(most))
  return unless(fits, place, () => `has ${found} items of the form that is counted (\`contains\`)`)
}

const uniqueItems: Keyword = (value, rule, place) => {
  if (!Array.isArray(value) || rule !== true) return FITS
  const known = new Set(value.map((item) => canonical(item, place)))
  return unless(known.size === value.length, place, () => 'has the same item more than once')
}

/** The same text for the same JSON value. */
function canonical(value: unknown, place: Place): string {
  const text =
    JSON.stringify(value, (_name, inner: unknown) =>
      isSchema(inner)
        ? Object.fromEntries(Object.entries(inner).toSorted(([one], [other]) => (one < other ? -1 : 1)))
        : inner,
    ) ?? ''
  place.run.spend(text.length >> 3)
  return text
}

// — objects —

const properties: Keyword = (value, rule, { path, run }) =>
  isSchema(value) && isSchema(rule)
    ? gather(Object.keys(rule), (name) =>
        Object.hasOwn(value, name) ? run.check(value[name], rule[name], inside(path, name)) : FITS,
      )
    : FITS

const patternProperties: Keyword = (value, rule, { path, run }) =>
  isSchema(value) && isSchema(rule)
    ? gather(Object.keys(rule), (pattern) =>
        gather(Object.keys(value), (name) =>
          run.matches(pattern, name) ? run.check(value[name], rule[pattern], inside(path, name)) : FITS,
        ),
      )
    : FITS

const additionalProperties: Keyword = (value, rule, { schema, path, run }) => {
  if (!isSchema(value)) return FITS
  const named = asSchema(schema['properties'])
  const patterns = Object.keys(asSchema(schema['patternProperties']))
  const isNamed = (name: string): boolean =>
    Object.hasOwn(named, name) || patterns.some((pattern) => run.matches(pattern, name))
  return gather(Object.keys(value), (name) =>
    isNamed(name) ? FITS : run.check(value[name], rule, inside(path, name)),
  )
}

const propertyNames: Keyword = (value, rule, { path, run }) =>
  isSchema(value)
    ? gather(Object.keys(value), (name) =>
        run
          .check(name, rule, inside(path, name))
          .map((problem) => ({ ...problem, message: `its name ${problem.message}` })),
      )
    : FITS

const required: Keyword = (value, rule, { path }) =>
  isSchema(value) && isList(rule) ? missing(value, rule, path) : FITS

const dependentRequired: Keyword = (value, rule, { path }) =>
  isSchema(value) && isSchema(rule)
    ? gather(Object.keys(rule), (name) => {
        const names = rule[name]
        return Object.hasOwn(value, name) && isList(names) ? missing(value, names, path) : FITS
      })
    : FITS

const missing = (value: Schema, names: readonly unknown[], path: string): readonly Problem[] =>
  gather(names, (name) =>
    typeof name !== 'string' || Object.hasOwn(value, name)
      ? FITS
      : [{ path: inside(path, name), message: 'is required, but missing' }],
  )

const dependentSchemas: Keyword = (value, rule, { path, run }) =>
  isSchema(value) && isSchema(rule)
    ? gather(Object.keys(rule), (name) =>
        Object.hasOwn(value, name) ? run.check(value, rule[name], path) : FITS,
      )
    : FITS

const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value)
const asSchema = (value: unknown): Schema => (isSchema(value) ? value : {})

function gather<Item>(
  list: readonly Item[],
  check: (item: Item, index: number) => readonly Problem[],
): readonly Problem[] {
  const problems: Problem[] = []
  list.forEach((item, index) => addProblems(problems, check(item, index)))
  return problems
}

/** Keywords that hand the value, or parts of it, on to other schemas. */
export const NESTED_KEYWORDS: readonly (readonly [string, Keyword])[] = [
  ['$ref', reference],
  ['allOf', allOf],
  ['anyOf', anyOf],
  ['oneOf', oneOf],
  ['not', not],
  ['if', condition],
  ['prefixItems', prefixItems],
  ['items', items],
  ['additionalItems', additionalItems],
  ['contains', contains],
  ['uniqueItems', uniqueItems],
  ['properties', properties],
  ['patternProperties', patternProperties],
  ['additionalProperties', additionalProperties],
  ['propertyNames', propertyNames],
  ['required', required],
  ['dependentRequired', dependentRequired],
  ['dependentSchemas', dependentSchemas],
]
