import { type Failure, invalidRequest } from '../../core/errors.ts'
import type { TextBlock } from '../../wire/anthropic/content.ts'
import { formatPath, insideBlock, type Located, type Subject } from './subject.ts'

const SAMPLING = ['temperature', 'top_p', 'top_k'] as const

/** Refuses what API version 2026-10-21 has taken away (Anthropic API, §0.1). */
export function checkVersion(subject: Subject): void {
  if (subject.options.version !== '2026-10-21') return
  checkSampling(subject)
  for (const located of subject.blocks) {
    if (located.nested) continue
    if (located.turn.role === 'assistant') checkAssistantBlock(located)
    if (located.turn.role === 'user') checkUserBlock(located)
  }
}

function checkSampling({ request }: Subject): void {
  const given = SAMPLING.find((field) => request[field] !== undefined)
  if (given) throw removed(given, 'sampling parameters are')
}

function checkAssistantBlock({ block, path }: Located): void {
  if (block.type === 'document')
    throw removed(formatPath(path), '`document` blocks in assistant messages are')
}

function checkUserBlock(located: Located): void {
  const { block } = located
  if (block.type === 'text' && isCiting(block)) throw citing(insideBlock(located, 'citations'))
  if (block.type !== 'search_result') return
  const cited = block.content.findIndex(isCiting)
  if (cited >= 0) throw citing(insideBlock(located, 'content', cited, 'citations'))
}

const isCiting = ({ citations }: TextBlock): boolean => (citations ?? []).length > 0

const citing = (address: string): Failure => removed(address, 'citations in user messages are')

const removed = (address: string, what: string): Failure =>
  invalidRequest(`${address}: Extra inputs are not permitted: ${what} not part of API version 2026-10-21`)
