/** A JSON schema, or a part of one, as clients send it. */
export type Schema = Readonly<Record<string, unknown>>

export const isSchema = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** How a keyword holds other schemas. A name inside `properties` is a name, whatever keyword it looks like. */
const HOLDERS: ReadonlyMap<string, 'one' | 'list' | 'named'> = new Map([
  ['properties', 'named'],
  ['patternProperties', 'named'],
  ['dependentSchemas', 'named'],
  ['$defs', 'named'],
  ['definitions', 'named'],
  ['anyOf', 'list'],
  ['allOf', 'list'],
  ['oneOf', 'list'],
  ['prefixItems', 'list'],
  ['items', 'one'],
  ['additionalProperties', 'one'],
  ['propertyNames', 'one'],
  ['contains', 'one'],
  ['not', 'one'],
  ['if', 'one'],
  ['then', 'one'],
  ['else', 'one'],
])

/** The schemas that stand directly inside a schema. */
export function subschemas(schema: Schema): readonly Schema[] {
  const found: unknown[] = []
  for (const [keyword, value] of Object.entries(schema)) {
    const holder = HOLDERS.get(keyword)
    if (holder === 'one') found.push(value)
    else if (holder === 'list' && Array.isArray(value)) found.push(...value)
    else if (holder === 'named' && isSchema(value)) found.push(...Object.values(value))
  }
  return found.filter(isSchema)
}

/** A copy of a schema in which each schema directly inside is replaced; the rest is shared. */
export function mapSubschemas(schema: Schema, map: (inner: Schema) => Schema): Record<string, unknown> {
  const one = (value: unknown): unknown => (isSchema(value) ? map(value) : value)
  const copy: Record<string, unknown> = {}
  for (const [keyword, value] of Object.entries(schema)) {
    const holder = HOLDERS.get(keyword)
    if (holder === 'one') copy[keyword] = one(value)
    else if (holder === 'list' && Array.isArray(value)) copy[keyword] = value.map(one)
    else if (holder === 'named' && isSchema(value))
      copy[keyword] = Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, one(inner)]))
    else copy[keyword] = value
  }
  return copy
}

/** What a local `$ref` such as `#/$defs/Node` points to; undefined for any other. */
export function resolvePointer(root: Schema, reference: string): Schema | undefined {
  if (!reference.startsWith('#')) return undefined
  let found: unknown = root
  for (const step of reference.slice(1).split('/').slice(1)) {
    const name = decodePercent(step).replaceAll('~1', '/').replaceAll('~0', '~')
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, name)) return undefined
    found = (found as Record<string, unknown>)[name]
  }
  return isSchema(found) ? found : undefined
}

function decodePercent(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** Two schemas that both hold, as one: properties and what is required add up, else the second one's word counts. */
export function combine(first: Schema, second: Schema): Schema {
  const merged: Record<string, unknown> = { ...first, ...second }
  if (isSchema(first['properties']) && isSchema(second['properties']))
    merged['properties'] = { ...first['properties'], ...second['properties'] }
  if (Array.isArray(first['required']) && Array.isArray(second['required']))
    merged['required'] = [...new Set([...first['required'], ...second['required']])]
  return merged
}

/** The schema's description, with more to say behind it. */
export const describeMore = ({ description }: Schema, words: string): string =>
  typeof description === 'string' ? `${description} ${words}` : words
