import type { RunRecording } from '../wire/server/runs.ts'
import { h } from './dom.ts'

const PARTS = [
  ['request', 'Request', 'as the client sent it'],
  ['upstream_request', 'Request upstream', 'as it was translated'],
  ['chunks', 'Answer upstream', 'piece by piece'],
  ['message', 'Answer', 'as the client got it'],
] as const

/** Request and answer, on both sides of the server. */
export const recordingView = (recording: RunRecording): HTMLElement =>
  h(
    'div.recording',
    {},
    recording.left_out.length > 0
      ? h('p.muted', {}, `Too large to keep: ${recording.left_out.join(', ')}.`)
      : null,
    PARTS.flatMap(([name, title, note]) => {
      const value = recording[name]
      if (value === undefined || value === null) return []
      return h(
        'details',
        { open: name === 'message' },
        h('summary', {}, title, ' ', h('span.muted', {}, note)),
        h('pre', { tabindex: 0 }, textOf(name, value)),
      )
    }),
  )

const textOf = (name: string, value: unknown): string =>
  name === 'chunks' && Array.isArray(value)
    ? value.map((chunk) => (typeof chunk === 'string' ? chunk : JSON.stringify(chunk))).join('\n')
    : JSON.stringify(value, null, 2)
