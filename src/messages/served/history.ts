import type { ServedCall } from '../../translate/served/look.ts'
import { isServedUse, toToolUse, unstitch } from '../../translate/served/unstitch.ts'
import { mergeTurns, type Turn } from '../../translate/turns.ts'
import type { ContentBlock, ToolResultBlock } from '../../wire/anthropic/content.ts'
import type { Message } from '../../wire/anthropic/request.ts'
import type { ValidRequest } from '../validate.ts'
import { nameIn, type ServedTools } from './tool.ts'

/** The request as the model is asked it: with the tools that are offered, and calls that it can make as calls. */
export function withoutStitches({ request, turns }: ValidRequest, served: ServedTools): ValidRequest {
  // The servers are connected to from here, and only from here.
  const { mcp_servers: _, ...rest } = request
  const tools = [...served.offered]
  const plain = unstitch(turns, nameIn(served.tools))
  if (plain === turns) return { request: { ...rest, tools }, turns }
  return { request: { ...rest, tools, messages: plain.map(toMessage) }, turns: plain }
}

/** The client's own message where the turn is just that, so that upstreams see the same text as without tools. */
const toMessage = ({ message, content }: Turn): Message =>
  saysJust(message, content) ? message : ({ ...message, content: [...content] } as Message)

function saysJust({ content: own }: Message, content: Turn['content']): boolean {
  const [first] = content
  return own === content || (content.length === 1 && first?.type === 'text' && first.text === own)
}

/** Calls at the end of the conversation that nobody has run yet: the answer before was cut off. */
export function findPending({ turns }: ValidRequest, served: ServedTools): readonly ServedCall[] {
  const last = turns.at(-1)
  if (last?.role !== 'assistant') return []
  const nameOf = nameIn(served.tools)
  return last.content.filter(isServedUse).flatMap((block) => {
    const name = nameOf(block)
    return name === undefined ? [] : toToolUse(block, name)
  })
}

/** The conversation with these calls as the model made them, and their results. */
export function withAnswers(
  { request, turns }: ValidRequest,
  served: ServedTools,
  results: readonly ToolResultBlock[],
): ValidRequest {
  const nameOf = nameIn(served.tools)
  const toPlain = (block: ContentBlock): ContentBlock => {
    const name = isServedUse(block) ? nameOf(block) : undefined
    return isServedUse(block) && name !== undefined ? toToolUse(block, name) : block
  }
  const messages = turns.map((turn, index) =>
    toMessage(index === turns.length - 1 ? { ...turn, content: turn.content.map(toPlain) } : turn),
  )
  const answered: Message[] = [...messages, { role: 'user', content: [...results] }]
  return { request: { ...request, messages: answered }, turns: mergeTurns(answered) }
}
