import type { RequestContext } from '../../core/context.ts'
import { begin, START } from '../../translate/answer-state.ts'
import { mergeTurns } from '../../translate/turns.ts'
import type { StreamEvent } from '../../wire/anthropic/events.ts'
import type { MessagesRequest } from '../../wire/anthropic/request.ts'
import { promptSize } from '../scenario.ts'
import type { Services } from '../services.ts'

/** `message_start` of an answer that begins with a tool's result, before any model was asked. */
export function startMessage(
  request: MessagesRequest,
  { tokens }: Pick<Services, 'tokens'>,
  { id }: RequestContext,
): StreamEvent {
  const out: StreamEvent[] = []
  const inputTokens = tokens.estimate(request.model, promptSize(request, mergeTurns(request.messages)))
  begin(START, { id: id.replace(/^req_/, 'msg_'), model: request.model, inputTokens }, out)
  const [start] = out
  if (!start) throw new Error('a message begins with its start')
  return start
}
