import { plainProse, prose } from './prose.ts'
import type { Scenario, Wire } from './scenarios.ts'

const SMALL_BYTES = 1024
const MARK = { cache_control: { type: 'ephemeral' } } as const

/** The scenario's request body as JSON, in the form that the side under test speaks; the same on every call. */
export function requestBody(scenario: Scenario, wire: Wire): string {
  return JSON.stringify(BODIES[scenario.request][wire](scenario))
}

/** The request headers of a client of that wire; `Host` and `Content-Length` are the sender's. */
export const REQUEST_HEADERS: Readonly<Record<Wire, Readonly<Record<string, string>>>> = {
  chat: { 'content-type': 'application/json', accept: 'application/json', authorization: 'Bearer bench' },
  messages: {
    'content-type': 'application/json',
    accept: 'application/json',
    'x-api-key': 'bench',
    'anthropic-version': '2023-06-01',
  },
}

type Body = (scenario: Scenario) => object

const BODIES: Record<Scenario['request'], Record<Wire, Body>> = {
  small: { messages: small, chat: small },
  'claude-code': { messages: claudeCode, chat: claudeCodeAsChat },
}

/** One user message: the same JSON is valid on both wires. */
function small({ model, stream }: Scenario): object {
  const body = (content: string): object => ({
    model,
    max_tokens: 1024,
    stream,
    messages: [{ role: 'user', content }],
  })
  return body(plainProse(SMALL_BYTES - JSON.stringify(body('')).length))
}

interface Call {
  readonly id: string
  readonly name: string
  readonly input: Readonly<Record<string, unknown>>
  readonly result: string
}

interface Step {
  readonly thinking: string | undefined
  readonly say: string
  readonly calls: readonly Call[]
}

const SYSTEM = [
  { type: 'text', text: 'x-anthropic-billing-header: cc_version=2.1.330; cc_entrypoint=cli;' },
  { type: 'text', text: 'You are Claude Code, a command line agent.', ...MARK },
  { type: 'text', text: prose(22_000), ...MARK },
]
const OPENING = [
  { type: 'text', text: `<system-reminder>\n${prose(1500, 1)}\n</system-reminder>` },
  { type: 'text', text: 'The stream sometimes ends early. Find out why and mend it.' },
]
const STEPS: readonly Step[] = Array.from({ length: 30 }, (_, at) => ({
  thinking: at % 3 === 0 ? prose(240, at) : undefined,
  say: prose(120, at),
  calls: at % 5 === 0 ? [call(at, 0), call(at, 1)] : [call(at, 0)],
}))

function call(step: number, which: number): Call {
  return {
    id: `toolu_${String(step).padStart(4, '0')}${which}aB3dE5gH7jK9mN1pQ`,
    name: step % 2 === 0 ? 'Read' : 'Edit',
    input: {
      file_path: `/home/dev/project/src/stream/part-${step}-${which}.ts`,
      old_string: prose(90, step),
      new_string: prose(110, step + 1),
    },
    result: prose(500 + ((step * 131) % 700), step),
  }
}

/** Tool name → its parameters, required ones first. */
const TOOLS: Readonly<Record<string, readonly string[]>> = {
  Agent: ['description', 'prompt', 'subagent_type', 'model', 'run_in_background'],
  Bash: ['command', 'timeout', 'description', 'run_in_background'],
  CronCreate: ['cron', 'prompt', 'recurring', 'durable'],
  Edit: ['file_path', 'old_string', 'new_string', 'replace_all'],
  EnterWorktree: ['name', 'path'],
  ExitWorktree: ['action', 'discard_changes'],
  Glob: ['pattern', 'path'],
  Grep: ['pattern', 'path', 'glob', 'output_mode', '-B', '-A', '-n', '-i', 'type', 'head_limit', 'multiline'],
  ListAgents: ['channel', 'q', 'cursor'],
  Monitor: ['description', 'timeout_ms', 'command', 'ws'],
  NotebookEdit: ['notebook_path', 'cell_id', 'new_source', 'cell_type', 'edit_mode'],
  Read: ['file_path', 'offset', 'limit', 'pages'],
  ScheduleWakeup: ['delaySeconds', 'reason', 'prompt', 'stop'],
  SendMessage: ['to', 'summary', 'message'],
  Skill: ['skill', 'args'],
  TaskStop: ['task_id', 'shell_id'],
  TodoWrite: ['todos', 'merge'],
  WebFetch: ['url', 'prompt'],
  Write: ['file_path', 'content'],
  mcp__tracker__search_issues: ['query', 'state', 'labels', 'limit'],
}

const TOOL_LIST = Object.entries(TOOLS).map(([name, parameters], at) => ({
  name,
  description: prose(420, at),
  schema: {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'object',
    properties: Object.fromEntries(
      parameters.map((parameter, nth) => [
        parameter,
        { description: prose(70, nth), type: nth === 3 ? 'boolean' : 'string' },
      ]),
    ),
    required: parameters.slice(0, 2),
    additionalProperties: false,
  },
}))

const METADATA = {
  user_id: JSON.stringify({
    device_id: '0'.repeat(64),
    account_uuid: '',
    session_id: '00000000-0000-4000-8000-000000000000',
  }),
}

/** What Claude Code sends in the middle of a task (clients, §1.1): about 100 KB, 61 messages, 20 tools. */
function claudeCode({ model, stream }: Scenario): object {
  return {
    model,
    messages: [{ role: 'user', content: OPENING }, ...STEPS.flatMap(toTurns)],
    system: SYSTEM,
    tools: TOOL_LIST.map(({ name, description, schema }) => ({ name, description, input_schema: schema })),
    metadata: METADATA,
    max_tokens: 32_000,
    thinking: { type: 'adaptive', display: 'updates' },
    context_management: { edits: [{ type: 'clear_thinking_20251015', keep: 'all' }] },
    output_config: { effort: 'medium' },
    stream,
  }
}

function toTurns({ thinking, say, calls }: Step, at: number): object[] {
  const mark = at === STEPS.length - 1 ? MARK : {}
  return [
    {
      role: 'assistant',
      content: [
        ...(thinking === undefined ? [] : [{ type: 'thinking', thinking, signature: '' }]),
        { type: 'text', text: say },
        ...calls.map(({ id, name, input }) => ({ type: 'tool_use', id, name, input })),
      ],
    },
    {
      role: 'user',
      content: calls.map(({ id, result }) => ({
        tool_use_id: id,
        type: 'tool_result',
        content: result,
        ...mark,
      })),
    },
  ]
}

/** The same conversation on the upstream's wire. */
function claudeCodeAsChat({ model, stream }: Scenario): object {
  return {
    model,
    messages: [
      { role: 'system', content: SYSTEM },
      { role: 'user', content: OPENING },
      ...STEPS.flatMap(toChatMessages),
    ],
    tools: TOOL_LIST.map(({ name, description, schema }) => ({
      type: 'function',
      function: { name, description, parameters: schema },
    })),
    user: METADATA.user_id,
    max_tokens: 32_000,
    reasoning: { effort: 'medium' },
    stream,
    stream_options: { include_usage: true },
  }
}

function toChatMessages({ thinking, say, calls }: Step): object[] {
  return [
    {
      role: 'assistant',
      content: say,
      ...(thinking === undefined ? {} : { reasoning: thinking }),
      tool_calls: calls.map(({ id, name, input }) => ({
        id,
        type: 'function',
        function: { name, arguments: JSON.stringify(input) },
      })),
    },
    ...calls.map(({ id, result }) => ({ role: 'tool', tool_call_id: id, content: result })),
  ]
}
