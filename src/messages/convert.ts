import type { RequestContext } from '../core/context.ts'
import { invalidRequest } from '../core/errors.ts'
import type { PromptSize } from '../tokens/counter.ts'
import { mediaTokensOf } from '../tokens/media.ts'
import { translateRequest } from '../translate/request.ts'
import type { Target } from '../translate/target.ts'
import type { AnswerTerms } from '../translate/terms.ts'
import type { Turn } from '../translate/turns.ts'
import type { UpstreamCall } from '../upstream/upstream.ts'
import type { MessagesRequest } from '../wire/anthropic/request.ts'
import type { ChatRequest } from '../wire/openrouter/request.ts'
import { refuseOverflow } from './overflow.ts'
import { accountHeaders } from './permission.ts'
import type { Services } from './services.ts'
import type { ValidRequest } from './validate.ts'

/** A request that is ready to be sent, and what its answer needs. */
export interface Prepared {
  readonly call: UpstreamCall
  /** What the call's JSON says. */
  readonly body: ChatRequest
  readonly terms: AnswerTerms
  readonly size: PromptSize
  readonly request: MessagesRequest
  readonly target: Target
}

/** Translates a request for one target. Throws a `Failure` for what that target cannot do. */
export function convert(
  { request, turns }: ValidRequest,
  target: Target,
  services: Services,
  context: RequestContext,
): Prepared {
  const translated = refuseDepth(() =>
    translateRequest(request, turns, target, context.protocol, services.limits),
  )
  const body = refuseDepth(() => JSON.stringify(translated.body))
  const size: PromptSize = {
    textChars: body.length - translated.binaryChars,
    mediaTokens: translated.binaryChars === 0 ? 0 : mediaTokens(turns),
  }
  const inputTokens = services.tokens.estimate(target.model, size)
  refuseOverflow({ request: translated.body, text: body, size, tokens: inputTokens }, target)
  return {
    call: {
      model: request.model,
      upstreamModel: target.model,
      stream: request.stream === true,
      body,
      headers: { ...translated.headers, ...accountHeaders(target, context.caller) },
    },
    body: translated.body,
    terms: {
      ...translated.terms,
      id: context.id.replace(/^req_/, 'msg_'),
      inputTokens,
    },
    size,
    request,
    target,
  }
}

/** Tokens of the pictures and files in a conversation. */
export const mediaTokens = (turns: readonly Turn[]): number =>
  turns.reduce((total, turn) => total + mediaTokensOf(turn.content), 0)

/** JSON can be parsed deeper than it can be written. */
export function refuseDepth<Result>(write: () => Result): Result {
  try {
    return write()
  } catch (error) {
    if (error instanceof RangeError) throw invalidRequest('The request body is nested too deeply')
    throw error
  }
}
