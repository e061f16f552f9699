import type { ConfigFile } from './file.ts'
import type { Kind } from './kinds.ts'
import * as kinds from './kinds.ts'
import { quote, type Report } from './problem.ts'
import { labelOf, placeOf, readCell, readRow, subtable, subtables, type Table, topTable } from './table.ts'
import type { McpServerConfig } from './tables.ts'

const words: Kind<string> = { read: (text) => text, allowed: 'a text' }

const COLUMNS = {
  url: { kind: kinds.baseUrl },
  command: { kind: kinds.path },
} as const

/** No server at all. */
export const NO_MCP_SERVERS: readonly McpServerConfig[] = Object.freeze([])

const NAME = /^[a-zA-Z0-9_-]{1,64}$/

/** The file's `[mcp]`, in its order. What is wrong is reported and left out. */
export function readMcpServers(file: ConfigFile, report: Report): readonly McpServerConfig[] {
  const top = topTable(file, 'mcp', report)
  if (!top) return NO_MCP_SERVERS
  for (const name of Object.keys(top.values).filter((key) => !NAME.test(key)))
    report(
      `mcp: ${quote(name)} is no name for an MCP server ${placeOf(top, name)}; ` +
        'allowed: up to 64 letters, digits, hyphens and underscores',
    )
  return Object.freeze(subtables(top, report).flatMap((table) => readServer(table, report)))
}

function readServer(table: Table, report: Report): readonly McpServerConfig[] {
  const { url, command } = readRow(table, COLUMNS, ['args', 'env', 'headers'], report)
  const name = table.path.at(-1) ?? ''
  if ((url === undefined) === (command === undefined)) {
    report(`${labelOf(table.path)}: needs either url, the server's address, or command, a program`)
    return []
  }
  const place: McpServerConfig['place'] =
    url === undefined
      ? {
          kind: 'stdio',
          command: command ?? '',
          args: readArguments(table, report),
          env: readTexts(table, 'env', report),
        }
      : { kind: 'http', url, headers: readTexts(table, 'headers', report) }
  return [Object.freeze({ name, place })]
}

/** A list of texts that may hold anything, commas too. */
function readArguments({ values, ...table }: Table, report: Report): readonly string[] {
  const given = values['args'] ?? []
  if (Array.isArray(given) && given.every((item) => typeof item === 'string')) return given
  report(
    `${labelOf([...table.path, 'args'])}: must be a list of texts ${placeOf({ values, ...table }, 'args')}`,
  )
  return []
}

/** A table of texts, each of which may be secret. */
function readTexts(table: Table, key: string, report: Report): Readonly<Record<string, string>> {
  const inner = subtable(table, key, report)
  if (!inner) return {}
  const entries = Object.keys(inner.values).map((name) => [
    name,
    readCell(inner, name, { kind: words, secret: true }, report) ?? '',
  ])
  return Object.fromEntries(entries)
}
