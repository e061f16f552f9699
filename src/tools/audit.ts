import type { Fields } from '../core/context.ts'
import type { Tool } from './tool.ts'

const MAX_TEXT_CHARS = 300
const MAX_ITEMS = 10

/** A run's arguments as the log shows them: bulky fields by their size, long texts cut. The log hides secrets. */
export function auditArguments(tool: Pick<Tool, 'bulky'> | undefined, given: unknown): unknown {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return shorten(given)
  return Object.fromEntries(
    Object.entries(given as Fields).map(([name, value]) => [
      name,
      tool?.bulky.includes(name) ? sizeOf(value) : shorten(value),
    ]),
  )
}

function sizeOf(value: unknown): string {
  if (typeof value === 'string') return `[${value.length} characters]`
  return Array.isArray(value) ? `[${value.length} items]` : '[left out]'
}

function shorten(value: unknown): unknown {
  if (typeof value === 'string')
    return value.length > MAX_TEXT_CHARS
      ? `${value.slice(0, MAX_TEXT_CHARS).toWellFormed()}… [${value.length} characters]`
      : value
  if (Array.isArray(value)) return value.slice(0, MAX_ITEMS).map(shorten)
  return typeof value === 'object' && value !== null ? '[object]' : value
}
