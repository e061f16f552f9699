import { GROUPINGS } from '../../runs/summary.ts'
import { adminOperation, type Parameter, ref } from './operation.ts'

const text = (name: string, description: string): Parameter => ({
  name,
  in: 'query',
  description,
  schema: { type: 'string' },
})

const FILTERS: readonly Parameter[] = [
  {
    name: 'outcome',
    in: 'query',
    description: 'How the run ended.',
    schema: { type: 'string', enum: ['ok', 'error', 'cancelled'] },
  },
  text('model', 'The model, as it was asked for or as it answered.'),
  text('key', "The mark of a client's key."),
  text('conversation', "The client's session."),
  text('batch', 'The batch that the run belongs to.'),
  text('q', 'Text that stands in an id, a name or the error.'),
]

const RUN_ID: Parameter = {
  name: 'run_id',
  in: 'path',
  required: true,
  description: "The answer's `request-id`.",
  schema: { type: 'string' },
}

export const LIST_RUNS = adminOperation({
  operationId: 'listRuns',
  tag: 'Operation',
  summary: 'List the runs',
  description: 'What the server answered, newest first, with the steps of each.',
  parameters: [
    {
      name: 'limit',
      in: 'query',
      description: 'The most runs that one page may hold.',
      schema: { type: 'integer', minimum: 1, maximum: 200, default: 50 },
    },
    {
      name: 'before',
      in: 'query',
      description: "The last page's `next_before`.",
      schema: { type: 'integer' },
    },
    ...FILTERS,
  ],
  answer: {
    description: 'One page of the history',
    content: { 'application/json': { schema: ref('RunList') } },
  },
})

export const LIST_ACTIVE_RUNS = adminOperation({
  operationId: 'listActiveRuns',
  tag: 'Operation',
  summary: 'List the runs under way',
  answer: {
    description: 'How many there are, and the newest of them',
    content: { 'application/json': { schema: ref('ActiveRuns') } },
  },
})

export const WATCH_RUNS = adminOperation({
  operationId: 'watchRuns',
  tag: 'Operation',
  summary: 'Watch the runs',
  description:
    'Server-sent events: `active` with `ActiveRuns`, and `ended` with the ' +
    'runs that ended since (`runs` of `Run`, and `left_out` for how many more there were).',
  answer: {
    description: 'A stream without an end',
    content: { 'text/event-stream': { schema: { type: 'string' } } },
  },
})

export const SUMMARISE_RUNS = adminOperation({
  operationId: 'summariseRuns',
  tag: 'Operation',
  summary: 'Add the runs up',
  description: 'Counts, tokens and cost over time, and by what runs have in common.',
  parameters: [
    {
      name: 'hours',
      in: 'query',
      description: 'How far back.',
      schema: { type: 'integer', minimum: 1, default: 24 },
    },
    {
      name: 'by',
      in: 'query',
      description: 'What groups have in common.',
      schema: { type: 'string', enum: GROUPINGS, default: 'model' },
    },
    ...FILTERS,
  ],
  answer: {
    description: 'The sums',
    content: { 'application/json': { schema: ref('RunSummary') } },
  },
})

export const FIND_RUN = adminOperation({
  operationId: 'findRun',
  tag: 'Operation',
  summary: 'Get one run',
  parameters: [RUN_ID],
  answer: { description: 'The run', content: { 'application/json': { schema: ref('Run') } } },
  failures: ['not_found_error'],
})

export const GET_RECORDING = adminOperation({
  operationId: 'getRecording',
  tag: 'Operation',
  summary: 'Get what was said in a run',
  description: 'Only where RECORD_BODIES was on. Without secrets, and without the parts that were too large.',
  parameters: [RUN_ID],
  answer: {
    description: 'Request and answer, on both sides of the server',
    content: { 'application/json': { schema: ref('RunRecording') } },
  },
  failures: ['not_found_error'],
})
