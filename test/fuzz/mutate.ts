import { KEYS, nest, oddNumber, oddSchema, oddText, oddValue, withKey } from './odd-values.ts'
import type { Random } from './random.ts'

/** One place in a JSON value: the object or array that holds it, and its key there. */
interface Place {
  readonly holder: any
  readonly key: string
  readonly depth: number
}

const MAX_DEPTH = 12

/** Every place of a value that is no more than so deep; the root has none. */
function placesIn(value: unknown): readonly Place[] {
  const places: Place[] = []
  const visit = (holder: unknown, depth: number): void => {
    if (typeof holder !== 'object' || holder === null || depth > MAX_DEPTH) return
    for (const key of Object.keys(holder).slice(0, 100)) {
      places.push({ holder, key, depth })
      visit((holder as any)[key], depth + 1)
    }
  }
  visit(value, 0)
  return places
}

type Spot = Pick<Place, 'holder' | 'key'>
type Mutation = (place: Spot, random: Random, places: readonly Place[]) => void

const set = ({ holder, key }: Spot, value: unknown): void => {
  Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true })
}
const get = ({ holder, key }: Spot): any => holder[key]

/** Ways in which a value goes wrong. Each changes one place. */
const MUTATIONS: readonly Mutation[] = [
  (place, random) => set(place, structuredClone(oddValue(random))),
  (place, random) => set(place, oddText(random)),
  (place, random) => set(place, oddNumber(random)),
  (place, random) => set(place, structuredClone(oddSchema(random))),
  (place) => set(place, null),
  (place) => set(place, [get(place)]),
  (place) => set(place, { type: get(place) }),
  (place) =>
    set(place, typeof get(place) === 'string' ? Number(get(place).length) : JSON.stringify(get(place))),
  (place) => set(place, typeof get(place) === 'string' ? `${get(place)} ` : get(place)),
  (place) => set(place, typeof get(place) === 'string' ? get(place).repeat(50) : get(place)),
  (place, random) =>
    set(
      place,
      nest(random.pick([2, 30, 990]), (inner) => [inner], get(place)),
    ),
  ({ holder, key }) => {
    if (Array.isArray(holder)) holder.splice(Number(key), 1)
    else delete holder[key]
  },
  ({ holder, key }) => {
    if (Array.isArray(holder)) holder.splice(Number(key), 0, structuredClone(get({ holder, key })))
    else set({ holder, key: `${key}_` }, holder[key])
  },
  ({ holder }, random) => {
    if (Array.isArray(holder)) holder.push(structuredClone(oddValue(random)))
    else set({ holder, key: random.pick(KEYS) }, structuredClone(oddValue(random)))
  },
  ({ holder }, random) => {
    if (!Array.isArray(holder)) return
    const shuffled = random.shuffle(holder)
    holder.splice(0, holder.length, ...shuffled)
  },
  (place, random, places) => set(place, structuredClone(get(random.pick(places)))),
  (place, random, places) => {
    const other = random.pick(places)
    const value = get(other)
    set(other, structuredClone(get(place)))
    set(place, structuredClone(value))
  },
  (place, random) => set(place, withKey(random.pick(KEYS), get(place))),
]

/** A copy of a JSON value in which `count` things went wrong. */
export function mutate<Value>(value: Value, random: Random, count: number): Value {
  const root = { value: structuredClone(value) }
  for (let nth = 0; nth < count; nth++) {
    const places = placesIn(root)
    // What is wrong at the top is soon refused; what is wrong deep inside gets further.
    const level = random.chance(0.02) ? 0 : random.pick([1, 2, 4, 4, 5, 6, 7])
    const inside = places.filter(({ depth }) => depth >= level)
    const candidates = inside.length > 0 ? inside : places
    if (candidates.length === 0) break
    random.pick(MUTATIONS)(random.pick(candidates), random, candidates)
  }
  return root.value
}
