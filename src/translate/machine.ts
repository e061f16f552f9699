/**
 * A pure stream translator. State is a value that goes in and comes out; what there is to say is appended to `out`,
 * so that one array serves a whole network read. Ids, times and names come in as arguments.
 */
export interface Machine<State, In, Out> {
  readonly start: () => State
  readonly step: (state: State, input: In, out: Out[]) => State
  /** Says what remains when the input is over. */
  readonly end: (state: State, out: Out[]) => void
}

/** Drives a machine over recorded inputs: what tests and the replay of a bug report use. */
export function replay<State, In, Out>(machine: Machine<State, In, Out>, inputs: Iterable<In>): Out[] {
  const out: Out[] = []
  let state = machine.start()
  for (const input of inputs) state = machine.step(state, input, out)
  machine.end(state, out)
  return out
}
