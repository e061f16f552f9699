/**
 * Ids of calls that this server has run, both ways and without state: the id that the client would have seen, had the
 * call been its own, with another beginning. The mark tells ours from those of Anthropic's service.
 */
const MARK = 'ors_'
const OTHER_MARK = 'orx_'
const CLIENT = 'toolu_'
const SERVED = /^(?:srvtoolu|mcptoolu)_(or[sx]_)?/

/** The id of a call as it is shown, e.g. `srvtoolu_ors_or0_call_1` for `toolu_or0_call_1`. */
export function toServedId(toolId: string, kind: 'srvtoolu' | 'mcptoolu'): string {
  return toolId.startsWith(CLIENT)
    ? `${kind}_${MARK}${toolId.slice(CLIENT.length)}`
    : `${kind}_${OTHER_MARK}${toolId}`
}

/** The id that the call had before; ids of other services become ones like ours. */
export function fromServedId(id: string): string {
  const [prefix, mark] = SERVED.exec(id) ?? ['']
  const rest = id.slice(prefix.length)
  return mark === OTHER_MARK || prefix === '' ? rest : `${CLIENT}${rest}`
}

/** Whether this server has run the call. */
export const isServedId = (id: string): boolean => SERVED.exec(id)?.[1] !== undefined
