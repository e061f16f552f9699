import { describe, expect, test } from 'bun:test'

import { configOf, problemsOf } from './sources.ts'

test('MCP servers are programs or addresses, in the order of the file', () => {
  const file = `
[mcp.files]
command = "npx"
args = ["-y", "server, with a comma"]
env = { ROOT = "/srv" }
[mcp.tracker]
url = "https://tracker.internal/mcp/"
headers = { authorization = "Bearer k" }
`
  expect(configOf({ file }).mcpServers).toEqual([
    {
      name: 'files',
      place: { kind: 'stdio', command: 'npx', args: ['-y', 'server, with a comma'], env: { ROOT: '/srv' } },
    },
    {
      name: 'tracker',
      place: { kind: 'http', url: 'https://tracker.internal/mcp', headers: { authorization: 'Bearer k' } },
    },
  ])
})

describe('what is wrong is told', () => {
  test.each<[string, string, RegExp]>([
    ['neither', '[mcp.a]\nargs = []', /^mcp\.a: needs either url.* or command/],
    ['both', '[mcp.a]\nurl = "http://a"\ncommand = "b"', /^mcp\.a: needs either/],
    ['a wrong address', '[mcp.a]\nurl = "a"', /^mcp\.a\.url: "a" is not allowed/],
    ['an unknown key', '[mcp.a]\ncommand = "b"\nargz = []', /^mcp\.a: "argz": unknown key.*args/],
    ['a wrong list', '[mcp.a]\ncommand = "b"\nargs = "c"', /^mcp\.a\.args: must be a list of texts/],
    ['a wrong name', '[mcp."a b"]\ncommand = "b"', /^mcp: "a b" is no name/],
    ['no table', 'mcp = 1', /^mcp: must be a table/],
  ])('%s', (_, file, words) => {
    expect(problemsOf({ file })[0]).toMatch(words)
  })

  test('a secret header is never shown', () => {
    const problems = problemsOf({ file: '[mcp.a]\nurl = "http://a"\n[mcp.a.headers]\nauthorization = 1' })
    expect(problems.join('\n')).not.toContain('Bearer')
  })
})
