import type { ConfigFile } from './file.ts'
import * as kinds from './kinds.ts'
import type { Report } from './problem.ts'
import { readRow, topTable } from './table.ts'
import { ROUTES, type Routes } from './tables.ts'

const LONG_CONTEXT_TOKENS = 60_000

const COLUMNS = {
  ...(Object.fromEntries(ROUTES.map((name) => [name, { kind: kinds.modelId }])) as Record<
    (typeof ROUTES)[number],
    { readonly kind: typeof kinds.modelId }
  >),
  long_context_tokens: { kind: kinds.integer(1) },
}

/** Every key that `[routes]` may have. */
export const ROUTE_KEYS = Object.keys(COLUMNS)

/** No route at all. */
export const NO_ROUTES: Routes = Object.freeze({
  models: Object.freeze({}),
  longContextTokens: LONG_CONTEXT_TOKENS,
})

/** The file's `[routes]`. What is wrong is reported and left out. */
export function readRoutes(file: ConfigFile, report: Report): Routes {
  const table = topTable(file, 'routes', report)
  if (!table) return NO_ROUTES
  const { long_context_tokens: longContextTokens = LONG_CONTEXT_TOKENS, ...models } = readRow(
    table,
    COLUMNS,
    [],
    report,
  )
  const given = Object.entries(models).filter(([, model]) => model !== undefined)
  return Object.freeze({ models: Object.freeze(Object.fromEntries(given)), longContextTokens })
}
