import {
  dropPassingMessages,
  type Edit,
  EDIT_KINDS,
  type EditedTurns,
  leastSaving,
} from '../translate/context-edits.ts'
import type { Target } from '../translate/target.ts'
import type { Turn } from '../translate/turns.ts'
import type { StreamEvent } from '../wire/anthropic/events.ts'
import type { CountTokensRequest, Message, MessagesRequest } from '../wire/anthropic/request.ts'
import type { AnswerStream } from './converse.ts'
import type { Services } from './services.ts'
import type { ValidRequest } from './validate.ts'

/** An edit that was done, as the answer's `context_management.applied_edits` tells it (Anthropic API, §3). */
export interface AppliedEdit {
  readonly type: string
  readonly cleared_tool_uses?: number
  readonly cleared_thinking_turns?: number
  readonly cleared_input_tokens: number
}

/** A request whose conversation is what the model is to see of it. */
export interface EditedRequest<Request = MessagesRequest> extends ValidRequest<Request> {
  readonly appliedEdits: readonly AppliedEdit[]
}

type Counting = Pick<Services, 'tokens'>

/**
 * Does the edits that `context_management` asks for, in their order, and leaves out system messages whose time is over.
 * The same request object where nothing changes. Not for upstreams that speak the Messages API: they do it themselves.
 */
export async function editContext<Request extends CountTokensRequest>(
  valid: ValidRequest<Request>,
  { model, wire }: Pick<Target, 'model' | 'wire'>,
  services: Counting,
): Promise<EditedRequest<Request>> {
  if (wire === 'messages') return { ...valid, appliedEdits: [] }
  const turns = dropPassingMessages(valid.turns)
  let edited = turns === valid.turns ? valid : withTurns(valid, turns)
  const appliedEdits: AppliedEdit[] = []
  for (const edit of valid.request.context_management?.edits ?? []) {
    const result = await applyEdit(edited, edit, async ({ request }) => services.tokens.count(request, model))
    if (!result) continue
    edited = result.edited
    appliedEdits.push(result.applied)
  }
  return { ...edited, appliedEdits }
}

type Count = (valid: ValidRequest<CountTokensRequest>) => Promise<number>

/** One edit; undefined where it changes nothing, or less than it must. */
async function applyEdit<Request extends CountTokensRequest>(
  valid: ValidRequest<Request>,
  edit: Edit,
  count: Count,
): Promise<{ edited: ValidRequest<Request>; applied: AppliedEdit } | undefined> {
  const kind = EDIT_KINDS.get(edit.type)
  if (!kind) return undefined
  const run = (inputTokens: number): EditedTurns => kind.run(valid.turns, edit, { inputTokens })
  // Counting takes longer than clearing, so it waits until there is something to clear.
  const { turns, cleared } = run(Infinity)
  if (cleared === 0) return undefined
  const inputTokens = await count(valid)
  if (kind.isTriggeredBySize(edit) && run(inputTokens).cleared === 0) return undefined
  const edited = withTurns(valid, turns)
  const saved = inputTokens - (await count(edited))
  if (saved < leastSaving(edit)) return undefined
  const applied = {
    type: edit.type,
    [kind.countField]: cleared,
    cleared_input_tokens: Math.max(0, saved),
  }
  return { edited, applied }
}

/** The request too says what the turns say: its tokens are counted, and compared with the bill. */
const withTurns = <Request extends CountTokensRequest>(
  { request }: ValidRequest<Request>,
  turns: readonly Turn[],
): ValidRequest<Request> => ({ request: { ...request, messages: turns.map(toMessage) }, turns })

const toMessage = ({ message, content }: Turn): Message => ({ ...message, content: [...content] }) as Message

/** An answer that also tells which edits were done. */
export function tellAppliedEdits(stream: AnswerStream, applied: readonly AppliedEdit[]): AnswerStream {
  if (applied.length === 0) return stream
  const tell = (event: StreamEvent): StreamEvent =>
    event.type === 'message_delta' ? { ...event, context_management: { applied_edits: [...applied] } } : event
  return {
    ...stream,
    async read() {
      return (await stream.read())?.map(tell)
    },
  }
}
