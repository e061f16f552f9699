import { openRipgrep, type Ripgrep } from './ripgrep.ts'
import type { Search } from './search.ts'

/** Searches with ripgrep where the program carries one that runs here, else with the search of our own. */
export interface Searcher extends Disposable {
  readonly search: Search
}

export function createSearcher(open: () => Promise<Ripgrep | undefined> = openRipgrep): Searcher {
  let opening: Promise<Ripgrep | undefined> | undefined
  return {
    async *search(query, place) {
      const ripgrep = await (opening ??= open())
      // Brings a matcher and the rules of .gitignore along, which a server that starts has no use for.
      const search = ripgrep?.search ?? (await import('./own-search.ts')).ownSearch
      yield* search(query, place)
    },
    [Symbol.dispose]() {
      void opening?.then((ripgrep) => ripgrep?.[Symbol.dispose]())
    },
  }
}
