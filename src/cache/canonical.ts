/** JSON text that depends on the value alone: members in the order of their names, and none that is undefined. */
export const canonicalJson = (value: unknown): string => JSON.stringify(sorted(value))

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(sorted)
  const fields = value as Readonly<Record<string, unknown>>
  // Pairs and not an object: engines put number-like names first, and `__proto__` is no ordinary name.
  const pairs: unknown[] = [MEMBERS]
  for (const name of Object.keys(fields).toSorted())
    if (fields[name] !== undefined) pairs.push(name, sorted(fields[name]))
  return pairs
}

/** Tells an object's pairs from a list that happens to hold the same; text of clients is quoted, so it cannot forge it. */
const MEMBERS = { members: true }
