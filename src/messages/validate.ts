import { mergeTurns, type Turn } from '../translate/turns.ts'
import type { MessagesRequest } from '../wire/anthropic/request.ts'
import { checkCacheMarks } from './validation/cache-marks.ts'
import { checkChatOptions } from './validation/chat-options.ts'
import { checkSpeakers, checkText, checkTurns } from './validation/conversation.ts'
import { checkExtraFields } from './validation/extra-fields.ts'
import { checkMedia, checkMediaLimits } from './validation/media.ts'
import { checkSettings, checkStrictSettings } from './validation/settings.ts'
import { checkShape } from './validation/shape.ts'
import {
  locateBlocks,
  type Operation,
  type Requests,
  type Rule,
  type Subject,
  type ValidationOptions,
} from './validation/subject.ts'
import { checkToolChoice, checkTools } from './validation/tool-definitions.ts'
import { checkServerToolPairs, checkToolIds, checkToolPairs } from './validation/tool-pairs.ts'
import { checkOffered, checkThread } from './validation/unoffered.ts'
import { checkVersion } from './validation/version.ts'

/** A request that keeps the rules, in both of its forms. */
export interface ValidRequest<Request = MessagesRequest> {
  /** The body itself: not a copy, unknown fields and all. */
  readonly request: Request
  readonly turns: readonly Turn[]
}

/** In the order in which they are told: what the request is, what it says, what it asks for. */
const RULES: readonly Rule[] = [
  checkVersion,
  checkTurns,
  checkCacheMarks,
  checkText,
  checkSpeakers,
  checkTools,
  checkToolChoice,
  checkToolPairs,
  checkMedia,
  checkSettings,
  checkChatOptions,
  checkOffered,
]

const STRICT_RULES: readonly Rule[] = [
  checkExtraFields,
  ...RULES,
  checkToolIds,
  checkServerToolPairs,
  checkMediaLimits,
  checkStrictSettings,
]

/**
 * Checks a parsed body in place and reads its messages as turns. Throws a `Failure` in Anthropic's words for what
 * its Messages API refuses (Anthropic API, §6), in which positions count merged messages; unless `strict`, unknown
 * fields and what does no harm to another upstream pass.
 */
export function validateRequest<Asked extends Operation>(
  body: unknown,
  options: ValidationOptions<Asked>,
): ValidRequest<Requests[Asked]> {
  checkShape(options.operation, body)
  const turns = mergeTurns(body.messages)
  const subject: Subject = { request: body, turns, blocks: locateBlocks(turns), options }
  checkThread(subject)
  for (const check of options.strict ? STRICT_RULES : RULES) check(subject)
  return { request: body, turns }
}
