import fc from 'fast-check'

/** JSON objects of all shapes, as a tool's arguments may be. */
export const anyObject: fc.Arbitrary<Record<string, unknown>> = fc
  .dictionary(fc.string({ unit: 'binary' }), fc.jsonValue(), { maxKeys: 4 })
  .map((object) => JSON.parse(JSON.stringify(object)) as Record<string, unknown>)

/** A list cut at the given places, wrapped around its length; some pieces may be empty. */
export function cutAt<T extends string | Uint8Array<ArrayBuffer>>(whole: T, places: readonly number[]): T[] {
  const at = [0, ...places.map((place) => place % (whole.length + 1)).toSorted((a, b) => a - b), whole.length]
  return at.slice(1).map((end, n) => whole.slice(at[n], end) as T)
}
