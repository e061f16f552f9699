import type { RequestContext } from '../core/context.ts'
import { foldEvents } from '../translate/fold.ts'
import type { AnswerTerms } from '../translate/terms.ts'
import type { StreamEvent } from '../wire/anthropic/events.ts'
import type { AnswerStream } from './converse.ts'

/** The same stream; what it says is kept, where the request is recorded. */
export function recorded(stream: AnswerStream, { recorder }: RequestContext): AnswerStream {
  if (!recorder) return stream
  const events: StreamEvent[] = []
  recorder.answer(() => (events.length > 0 ? foldEvents(events) : null))
  return {
    open() {
      const opening = stream.open()
      events.push(...opening)
      return opening
    },
    async read() {
      const batch = await stream.read()
      if (batch) events.push(...batch)
      return batch
    },
    cancel: async () => stream.cancel(),
  }
}

/** What an answer must know of its request, as `terms.json` in test/golden/ has it. */
export const toTermsFile = ({ toolNames, toolInputs, takenToolIds, ...terms }: AnswerTerms) => ({
  ...terms,
  toolNames: [...toolNames],
  toolInputs: Object.fromEntries(toolInputs),
  takenToolIds: [...takenToolIds],
})
