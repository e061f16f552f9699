/** Of one parameter: a value that is right, one that is wrong, and what is said of the wrong one behind its address. */
export type Sample = readonly [good: unknown, wrong: unknown, words: string]

const FLAG = 'Input should be a valid boolean'
const TEXT = 'Input should be a valid string'

/** Every option that Anthropic has no field for. */
export const OPTION_SAMPLES: Readonly<Record<string, Sample>> = {
  audio: [{ voice: { id: 'v' }, format: 'mp3' }, { voice: 'alloy' }, '.format: Field required'],
  frequency_penalty: [-2, 2.1, ': Input should be less than or equal to 2'],
  logit_bias: [{ '42': 100 }, { '42': 101 }, '.42: Input should be less than or equal to 100'],
  logprobs: [true, 1, `: ${FLAG}`],
  max_completion_tokens: [1, 0, ': Input should be greater than or equal to 1'],
  modalities: [['text'], ['smell'], ".0: Input should be 'text', 'image' or 'audio'"],
  moderation: [
    { model: 'm', policy: { input: { mode: 'score' } } },
    { policy: { output: { mode: 'ask' } } },
    ".policy.output.mode: Input should be 'score' or 'block'",
  ],
  parallel_tool_calls: [false, 'no', `: ${FLAG}`],
  prediction: [
    { type: 'content', content: 'x' },
    { type: 'content', content: [{ type: 'text' }] },
    '.content.0.text: Field required',
  ],
  presence_penalty: [2, -2.1, ': Input should be greater than or equal to -2'],
  prompt_cache_key: ['k', {}, `: ${TEXT}`],
  prompt_cache_options: [
    { mode: 'implicit' },
    { mode: 'none' },
    ".mode: Input should be 'implicit' or 'explicit'",
  ],
  prompt_cache_retention: ['in_memory', '1h', ": Input should be 'in_memory' or '24h'"],
  reasoning_effort: [
    'none',
    'huge',
    ": Input should be 'none', 'minimal', 'low', 'medium', 'high', 'xhigh' or 'max'",
  ],
  response_format: [
    { type: 'grammar', grammar: 'g' },
    { type: 'json_schema', json_schema: { name: 'no blanks' } },
    ".json_schema.name: String should match pattern '^[a-zA-Z0-9_-]{1,64}$'",
  ],
  safety_identifier: ['x'.repeat(128), 'x'.repeat(129), ': String should have at most 128 characters'],
  seed: [-1, 1.5, ': Input should be a valid integer'],
  store: [true, 'yes', `: ${FLAG}`],
  stream_options: [{ include_usage: false }, { include_usage: 'no' }, `.include_usage: ${FLAG}`],
  top_logprobs: [20, 21, ': Input should be less than or equal to 20'],
  user: ['u', [], `: ${TEXT}`],
  verbosity: ['max', 'loud', ": Input should be 'low', 'medium', 'high', 'xhigh' or 'max'"],
  web_search_options: [
    { search_context_size: 'high' },
    { search_context_size: 'all' },
    ".search_context_size: Input should be 'low', 'medium' or 'high'",
  ],
  debug: [{ echo_upstream_body: true }, { echo_upstream_body: 1 }, `.echo_upstream_body: ${FLAG}`],
  image_config: [{ a: 'x', b: 1, c: [0] }, { a: {} }, '.a: Input should be a valid list'],
  include_reasoning: [false, 'no', `: ${FLAG}`],
  max_tool_calls: [30, 31, ': Input should be less than or equal to 30'],
  min_p: [0, -0.1, ': Input should be greater than or equal to 0'],
  models: [['a/b'], [1], `.0: ${TEXT}`],
  plugins: [[{ id: 'tomorrow', a: 1 }], [{}], '.0.id: Field required'],
  preset: ['careful', {}, `: ${TEXT}`],
  provider: [{ sort: 'price' }, { zdr: 'yes' }, `.zdr: ${FLAG}`],
  raw_mode: [true, 'yes', `: ${FLAG}`],
  reasoning: [{ max_tokens: 0 }, { enabled: 'yes' }, `.enabled: ${FLAG}`],
  repetition_penalty: [2, 0, ': Input should be greater than 0'],
  route: ['sort', 'away', ": Input should be 'fallback' or 'sort'"],
  safe_prompt: [true, 'yes', `: ${FLAG}`],
  session_id: ['x'.repeat(256), 'x'.repeat(257), ': String should have at most 256 characters'],
  stop_server_tools_when: [
    [{ type: 'max_cost', max_cost_in_dollars: 0.5 }],
    [],
    ': List should have at least 1 item after validation',
  ],
  structured_outputs: [true, 'yes', `: ${FLAG}`],
  top_a: [1, 1.1, ': Input should be less than or equal to 1'],
  trace: [{ trace_id: 't', team: 1 }, { trace_id: 1 }, `.trace_id: ${TEXT}`],
  transforms: [[], ['zip'], ".0: Input should be 'middle-out'"],
  usage: [{ include: true }, { include: 1 }, `.include: ${FLAG}`],
  x_search_filter: [
    { allowed_x_handles: ['a'] },
    { excluded_x_handles: Array.from({ length: 21 }, String) },
    '.excluded_x_handles: List should have at most 20 items after validation, not 21',
  ],
}

/** Chat completions' form of what Anthropic has under the same name; good only away from Anthropic's fields. */
export const SHARED_SAMPLES: Readonly<Record<string, Sample>> = {
  cache_control: [
    { type: 'ephemeral', ttl: '1h' },
    { type: 'ephemeral', ttl: '1d' },
    ".ttl: Input should be '5m' or '1h'",
  ],
  max_tokens: [1, 0, ': Input should be greater than or equal to 1'],
  metadata: [
    { a: 'b' },
    Object.fromEntries(Array.from({ length: 17 }, (_, n) => [`k${n}`, 'v'])),
    ': Dictionary should have at most 16 items after validation',
  ],
  service_tier: [
    'scale',
    'slow',
    ": Input should be 'auto', 'default', 'flex', 'scale', 'priority' or 'fast'",
  ],
  speed: ['fast', 'slow', ": Input should be 'standard' or 'fast'"],
  stop: ['a', 5, ': Input should be a valid list'],
  temperature: [2, 2.1, ': Input should be less than or equal to 2'],
  tool_choice: ['required', 'perhaps', ": Input should be 'none', 'auto' or 'required'"],
  top_k: [0, -1, ': Input should be greater than or equal to 0'],
  top_p: [1, 1.1, ': Input should be less than or equal to 1'],
}
