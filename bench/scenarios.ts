/** Whom the load speaks to: the floor takes chat completions, the server takes Anthropic messages. */
export type Wire = 'chat' | 'messages'

/** The upstream's answers; it picks one by finding the id in the request's bytes. */
export type Model = 'bench/whole' | 'bench/lone' | 'bench/burst' | 'bench/turn' | 'bench/held'

export interface Scenario {
  readonly title: string
  readonly model: Model
  readonly stream: boolean
  readonly request: 'small' | 'claude-code'
  readonly connections: number
  /** Connections open evenly over this time, so that paced streams do not beat in step. */
  readonly rampMs: number
  /** The floor parses and writes the body's JSON once, as any translator must. */
  readonly reparse: boolean
}

const small = { request: 'small', rampMs: 0, reparse: false } as const

/** What is asked and how it is answered; `d` is the memory scenario. */
export const SCENARIOS = {
  a: { ...small, title: '1 KB whole answer', model: 'bench/whole', stream: false, connections: 32 },
  b1: { ...small, title: '200 lone events', model: 'bench/lone', stream: true, connections: 64, rampMs: 400 },
  b2: { ...small, title: '200 events in a burst', model: 'bench/burst', stream: true, connections: 16 },
  c: {
    title: '100 KB request, streamed turn',
    model: 'bench/turn',
    stream: true,
    request: 'claude-code',
    connections: 16,
    rampMs: 0,
    reparse: true,
  },
  d: {
    ...small,
    title: '1,000 open streams',
    model: 'bench/held',
    stream: true,
    connections: 1000,
    rampMs: 1000,
  },
} as const satisfies Record<string, Scenario>

export type ScenarioId = keyof typeof SCENARIOS

/** The path that answers a scenario on either side. */
export function pathOf(scenario: Scenario, wire: Wire): string {
  if (wire === 'messages') return '/v1/messages'
  return scenario.reparse ? '/reparse/chat/completions' : '/v1/chat/completions'
}
