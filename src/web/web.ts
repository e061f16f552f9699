import type { ReadPage } from './page.ts'
import type { SearchProvider } from './search/search.ts'

/** How the server reads the public web for a model. */
export interface Web {
  readonly readPage: ReadPage
  /** Who is asked, in this order: the next one where the one before fails. Empty where nobody is configured. */
  readonly searchers: readonly SearchProvider[]
}
