import type { Fields } from './context.ts'

/** Whether a value is what a JSON object becomes: neither null nor a list. */
export const isRecord = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
