import { invalidRequest } from '../../core/errors.ts'
import type { CacheControl } from '../../wire/anthropic/cache-control.ts'
import { formatPath, insideBlock, type Located, type Path, type Subject } from './subject.ts'

interface Mark {
  readonly path: Path
  readonly cache: CacheControl
}

const MAX_MARKS = 4

/** Cache marks stand where one can, in an order that works, and are few (Anthropic API, V60–V63). */
export function checkCacheMarks(subject: Subject): void {
  const { request, blocks, options } = subject
  for (const located of blocks) checkMarkedBlock(located)
  if (options.strict) checkMarkedSystem(request.system)
  const marks = marksOf(subject)
  const count = marks.length + (request.cache_control ? 1 : 0)
  if (count > MAX_MARKS)
    throw invalidRequest(
      `A maximum of ${MAX_MARKS} blocks with cache_control may be provided. Found ${count}.`,
    )
  checkOrder(marks)
}

function checkMarkedBlock(located: Located): void {
  const { block } = located
  if (!('cache_control' in block) || !block.cache_control) return
  if (block.type === 'text' && block.text === '')
    throw invalidRequest(`${insideBlock(located)}: cache_control cannot be set for empty text blocks`)
  if (isThinking(block.type))
    throw invalidRequest(`${insideBlock(located, 'cache_control')}: Extra inputs are not permitted`)
}

const isThinking = (type: string): boolean => type === 'thinking' || type === 'redacted_thinking'

function checkMarkedSystem(system: Subject['request']['system']): void {
  if (!Array.isArray(system)) return
  const empty = system.findIndex(({ text, cache_control }) => text === '' && cache_control)
  if (empty >= 0) throw invalidRequest(`system.${empty}: cache_control cannot be set for empty text blocks`)
}

/** All marks, in the order in which the prompt is processed. */
function marksOf({ request, blocks }: Subject): readonly Mark[] {
  const marks: Mark[] = []
  addMarks(marks, 'tools', request.tools ?? [])
  if (Array.isArray(request.system)) addMarks(marks, 'system', request.system)
  for (const { block, path } of blocks) {
    const cache = markOf(block)
    if (cache) marks.push({ path, cache })
  }
  return marks
}

function addMarks(marks: Mark[], field: string, list: readonly object[]): void {
  for (const [index, item] of list.entries()) {
    const cache = markOf(item)
    if (cache) marks.push({ path: [field, index], cache })
  }
}

function markOf(item: object): CacheControl | null | undefined {
  const { cache_control }: { cache_control?: CacheControl | null } = item
  return cache_control
}

function checkOrder(marks: readonly Mark[]): void {
  const short = marks.findIndex(({ cache }) => cache.ttl !== '1h')
  const late = short < 0 ? undefined : marks.slice(short).find(({ cache }) => cache.ttl === '1h')
  if (late)
    throw invalidRequest(
      `${formatPath(late.path)}.cache_control.ttl: a ttl='1h' cache_control block must not come after a ttl='5m' ` +
        'cache_control block. Note that blocks are processed in the following order: tools, system, messages.',
    )
}
