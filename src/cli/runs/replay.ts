import { createTwoFilesPatch } from 'diff'

import { redactField } from '../../observability/redact.ts'
import type { RunRecording } from '../../wire/server/runs.ts'
import { CommandFailure } from '../command.ts'
import type { RunningServer } from '../running-server.ts'
import { toAnswerText } from './answer-text.ts'

export interface Replayed {
  /** What came of it, and what it took. */
  readonly message: unknown
  readonly model: string
  readonly costUsd: number | undefined
  readonly durationMs: number
}

/** Sends a recorded request again, whole, to another model if one is named. */
export async function replay(
  { request }: Pick<RunRecording, 'request'>,
  model: string | undefined,
  server: RunningServer,
): Promise<Replayed> {
  if (typeof request !== 'object' || request === null)
    throw new CommandFailure('the recording has no request: it was too large to keep, see RECORD_MAX_SIZE')
  const body = { ...request, ...(model === undefined ? {} : { model }), stream: false }
  const startedAtMs = performance.now()
  const response = await server.ask('/v1/messages', { method: 'POST', body })
  const message: unknown = await response.json()
  const cost = response.headers.get('x-openrouter-cost')
  return {
    message,
    model: response.headers.get('x-openrouter-model') ?? model ?? 'unknown',
    costUsd: cost === null ? undefined : Number(cost),
    durationMs: Math.round(performance.now() - startedAtMs),
  }
}

/** The two answers side by side, as a unified diff; and whether they are the same. */
export function compare(before: unknown, after: Replayed, names: readonly [string, string]) {
  // The recorded answer has lost what looks like a secret; so must this one, or the two would differ by that.
  const shown = redactField({ ...after }, 'message')
  const texts = [toAnswerText(before), toAnswerText(shown)] as const
  const same = texts[0] === texts[1]
  const patch = createTwoFilesPatch(names[0], names[1], texts[0], texts[1], undefined, undefined, {
    context: 3,
  })
  // Its first line is a rule of "=" signs.
  return { same, diff: same ? '' : patch.slice(patch.indexOf('\n') + 1) }
}

/** What both took, in one line each. */
export const figuresOf = (name: string, message: unknown, more: readonly string[]): string => {
  const { usage } = (message ?? {}) as { usage?: { input_tokens?: number; output_tokens?: number } }
  const tokens = usage ? [`${usage.input_tokens ?? '?'} in`, `${usage.output_tokens ?? '?'} out`] : []
  return `${[name, ...tokens, ...more].join('  ')}\n`
}
