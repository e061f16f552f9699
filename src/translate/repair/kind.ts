/**
 * What had to be repaired in the arguments of a call: invalid JSON (`syntax`), JSON within a string (`encoded`), a
 * value of another type (`number`, `boolean`, `string`), a single value for a list (`array`), the letter case of a
 * choice (`enum`), a null for something left out (`null`), the style of a property's name (`name`), a call that was
 * written into the text (`markup`).
 */
export type RepairKind =
  | 'syntax'
  | 'encoded'
  | 'number'
  | 'boolean'
  | 'string'
  | 'array'
  | 'enum'
  | 'null'
  | 'name'
  | 'markup'

/** The repairs of one tool call. */
export interface ToolRepair {
  /** The tool's name as the client knows it. */
  readonly tool: string
  /** Each kind once, in the order of their first need. */
  readonly kinds: readonly RepairKind[]
}

/** Adds kinds to a list that names each of them once. */
export const addKinds = (list: readonly RepairKind[], more: readonly RepairKind[]): readonly RepairKind[] =>
  more.length === 0 ? list : [...new Set([...list, ...more])]
