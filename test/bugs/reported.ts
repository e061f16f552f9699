/** What proves that a reported bug is not one here. */
export type Cover =
  /** A folder of test/golden: an upstream answer and what becomes of it. */
  | { readonly answer: string }
  /** A folder of test/golden-requests: a request on its way upstream. */
  | { readonly request: string }
  /** A test, a group of tests or a row of one, by its name. */
  | { readonly file: string; readonly test: string }

/** A bug that someone reported of a converter, or that was read in its code. */
export interface Report {
  readonly row: string
  readonly source: string
  readonly title: string
  readonly coveredBy: readonly [Cover, ...Cover[]]
}

const answer = (name: string): Cover => ({ answer: name })
const request = (name: string): Cover => ({ request: name })
const inFile =
  (file: string) =>
  (test: string): Cover => ({ file, test })

const ANSWERS = inFile('bugs/answers.test.ts')
const REQUESTS = inFile('bugs/requests.test.ts')
const SERVER = inFile('bugs/server.test.ts')
const STREAM = inFile('translate/stream.test.ts')
const REPLAY = inFile('translate/reasoning-replay.test.ts')
const THINKING = inFile('translate/thinking.test.ts')
const MESSAGES = inFile('translate/messages.test.ts')
const TOOLS = inFile('translate/tools.test.ts')
const OPTIONS = inFile('translate/options.test.ts')

const ORDER = ANSWERS('$name keeps the order of events and has one open block at a time')
const BACK = ANSWERS('$name goes back to its model with every signature and blob, each once')
const NOT_SAID = ANSWERS('the thoughts of $name never become part of what the assistant said')
const COMPACTS = SERVER('T36 clients compact on these very words: %s')

const report = (
  row: string,
  source: string,
  title: string,
  ...coveredBy: readonly [Cover, ...Cover[]]
): Report => ({ row, source, title, coveredBy })

/** The order of a stream (openrouter §8.1). */
const GRAMMAR: readonly Report[] = [
  report(
    'T1',
    'BerriAI/litellm#31560',
    'a text block opens before the first chunk told what it is',
    answer('litellm-31560-thinking-first'),
    answer('litellm-31560-tool-first'),
    STREAM('nothing is told before there is something to tell'),
  ),
  report(
    'T2',
    'BerriAI/litellm#25852',
    'the content leaks into content_block_start',
    answer('litellm-25852-signed-thinking'),
    answer('litellm-25852-thinking-in-parts'),
    answer('thoughts-among-content-parts'),
    ANSWERS('opens each block empty: what is in it comes by deltas'),
  ),
  report(
    'T3',
    'BerriAI/litellm#29600, #29533',
    'thoughts in reasoning_content alone are lost',
    answer('deepseek-reasoning-content'),
    answer('litellm-31560-thinking-first'),
  ),
  report(
    'T4',
    'BerriAI/litellm#32357',
    'a thinking delta inside a text block, and a second message_start',
    answer('litellm-32357-text-then-thinking'),
    ORDER,
    STREAM('message_start comes once, even where the stream had to show life before'),
  ),
  report(
    'T5',
    'BerriAI/litellm#33224',
    '"Content block is not a thinking block" with Nemotron',
    answer('litellm-33224-nemotron'),
    ORDER,
  ),
  report(
    'T6',
    'BerriAI/litellm#13373',
    '"Content block not found" when another model takes over',
    answer('litellm-13373-fallback-in-mid-stream'),
    answer('provider-changes'),
  ),
  report(
    'T7',
    'BerriAI/litellm#25321, #25605',
    'arguments that come with the start of their call are dropped',
    answer('litellm-25321-arguments-with-the-start'),
    answer('litellm-25605-ollama-whole-call'),
    answer('q08-whole-call-in-one-chunk'),
  ),
  report(
    'T8',
    'BerriAI/litellm#5231',
    "a call's index is taken for its block's",
    answer('litellm-5231-tool-index'),
  ),
  report(
    'T9',
    'sgl-project/sglang#39782',
    'the arguments of three calls in one block',
    answer('sglang-39782-three-calls'),
    answer('q13-two-objects-two-ids'),
  ),
  report(
    'T10',
    'praxis-proxy/ai#266',
    'pieces of parallel calls reach the wrong block',
    answer('praxis-266-two-starts-in-one-chunk'),
    answer('q14-interleaved'),
    answer('q14-interleaved-second-first'),
  ),
  report(
    'T11',
    'icebear0828/codex-proxy#610, kitty-bridge#116, router-for-me/CLIProxyAPI#539',
    'several calls share one block index, and a block ends that never began',
    answer('codex-proxy-610-parallel-calls'),
    ORDER,
    STREAM('the events keep the order of the Messages API, or end with a failure'),
  ),
  report(
    'T12',
    'maximhq/bifrost#3441',
    'only the first call is kept, or blocks overlap',
    answer('bifrost-3441-calls-in-one-delta'),
    ORDER,
  ),
  report(
    'T13',
    'farion1231/cc-switch#5692',
    'reasoning between pieces of text cuts the answer into fragments',
    answer('cc-switch-5692-alternating'),
    answer('q16-reasoning-within-text'),
    answer('q24-empty-content-between-reasoning'),
  ),
  report(
    'T14',
    'farion1231/cc-switch#2303',
    'tool blocks end out of order, and usage is null',
    answer('cc-switch-2303-null-usage'),
    answer('usage-null-details'),
    ORDER,
  ),
  report(
    'T15',
    'maximhq/bifrost#3688',
    'thoughts are told behind the call that they led to',
    answer('bifrost-3688-reasoning-beside-the-call'),
    answer('bifrost-3688-whole-reasoning-and-call'),
    answer('q16-reasoning-after-call'),
  ),
  report(
    'T16',
    'maximhq/bifrost#2446',
    '"Content block is not a thinking block" with vLLM',
    answer('bifrost-2446-vllm-reasoning'),
    ORDER,
  ),
  report(
    'T17',
    'decolua/9router#1778, #1779',
    'message_stop without a message, and fields that are missing',
    answer('9router-1778-finish-alone'),
    ANSWERS('begins with a message that lacks no field'),
    ANSWERS('ends with a reason and with usage that are complete'),
  ),
  report(
    'T18',
    'seifghazi/claude-code-proxy#32',
    'event lines are stripped, and SDKs see nothing',
    SERVER('T18 every event has its event line, so that an SDK sees all of them'),
  ),
  report(
    'T19',
    'OpenRouterTeam/ai-sdk-provider#489',
    'white space behind complete arguments makes a second call',
    answer('q11-trailing-white-space'),
  ),
  report(
    'T20',
    'saberjack/SHTUCodeProxy#1',
    'several calls in each event, and arguments that are repeated from their start',
    answer('q12-snapshots'),
    answer('q12-snapshots-several-calls'),
    answer('q10-arguments-encoded-twice'),
  ),
  report(
    'T21',
    'musistudio/claude-code-router#1672',
    'characters of several bytes break between two reads',
    inFile('upstream/sse.test.ts')('bytes may be cut anywhere, even within a character'),
    inFile('api/streaming.test.ts')('C145 characters of several bytes survive being cut anywhere'),
    answer('q26-utf8'),
  ),
  report(
    'T22',
    'orangeboyChen/codebuddy2api#11',
    'a call begins while text is open, and its name comes in parts',
    answer('codebuddy2api-11-split-name-behind-text'),
    answer('q06-name-in-parts'),
    ORDER,
  ),
  report(
    'T23',
    'KooshaPari/CliproxyApiPlusPlus#484, router-for-me/CLIProxyAPI#1579, #5419',
    'repeated empty names make calls without name, or double ones',
    answer('cliproxyapi-1579-fragmented-call'),
    answer('cliproxyapi-5419-usage-on-every-chunk'),
    answer('q04-call-repeated-whole'),
    ANSWERS('has no text or call that says nothing'),
  ),
]

/** Ends and failures (openrouter §8.2). */
const ENDS: readonly Report[] = [
  report(
    'T24',
    'maximhq/bifrost#3638, #6123, #4065, #4900',
    'text and a call end with end_turn',
    answer('bifrost-3638-text-and-call'),
    ANSWERS('with a call stops to use it, unless it was cut off or refused'),
  ),
  report(
    'T25',
    'BerriAI/litellm#12862, #12481; OpenRouterTeam/ai-sdk-provider#288, #289, #419, #420',
    'finish stop beside calls ends the turn',
    answer('litellm-12862-calls-and-stop'),
    answer('ai-sdk-provider-288-gemini-call-and-stop'),
    answer('q17-finish-stop-with-call'),
  ),
  report(
    'T26',
    'musistudio/claude-code-router#212',
    'an empty first chunk with finish stop passes for an answer',
    answer('claude-code-router-212-first-chunk-stops'),
    answer('q20-early-finish'),
    answer('q20-early-finish-then-cut'),
    SERVER('T26, T27 an answer that says nothing is asked for again (stream: %p)'),
  ),
  report(
    'T27',
    'musistudio/claude-code-router#639',
    'an empty answer ends the turn',
    answer('empty-without-usage'),
    answer('empty-end-mark-only'),
    answer('whole-empty-no-usage'),
    SERVER('T26, T27 an answer that says nothing is asked for again (stream: %p)'),
  ),
  report(
    'T28',
    'musistudio/claude-code-router#183',
    'calls written as text',
    answer('claude-code-router-183-call-markup'),
    answer('markup-kimi-calls'),
    answer('markup-calls'),
    answer('markup-call-unknown'),
  ),
  report(
    'T29',
    'BerriAI/litellm#32086, #32475, #39703, #20347, #20361; brightwave-inc/tidebreak#1122',
    'a failure in mid-stream becomes an empty success',
    answer('litellm-32086-error-before-content'),
    answer('litellm-20347-error-after-text'),
    ANSWERS('that failed has no end that looks like success'),
    inFile('api/streaming.test.ts')(
      'C139 an upstream failure in the middle is an error event, and nothing follows it',
    ),
  ),
  report(
    'T30',
    'BerriAI/litellm#24004',
    'a stream that broke off is logged as a success',
    SERVER('T30 a stream that breaks off in its middle is no success in the log'),
  ),
  report(
    'T31',
    'Sunnyender-org/cursor-sdk2api#25',
    "an error's words are told as content",
    answer('cursor-sdk2api-25-error-with-words'),
    answer('error-mid-stream'),
  ),
  report(
    'T32',
    'BerriAI/litellm#41826',
    'a failed stream ends with an error that no client can read',
    SERVER('T32 the failure of a stream is an error event that an SDK can read, whatever came before'),
  ),
  report(
    'T33',
    'NousResearch/hermes-agent#83886, googleapis/python-genai#1836',
    'a malformed call passes for an answer',
    answer('hermes-agent-83886-malformed-call'),
    answer('q30-malformed-call'),
  ),
  report(
    'T34',
    'tingly-dev/tingly-box#912',
    'what content_filter means is not decided',
    answer('content-filter'),
    answer('content-filter-empty'),
    answer('content-filter-after-call'),
  ),
  report(
    'T35',
    'maximhq/bifrost#3685',
    'a structured answer ends with tool_use',
    SERVER('T35 a structured answer is text that ends the turn, however it was asked for upstream'),
  ),
  report(
    'T36',
    'Menci/Floway#166, musistudio/claude-code-router#1799, #1292, router-for-me/CLIProxyAPI#636, jundot/omlx#26',
    'the words of an overflow are wrapped, and no client compacts',
    COMPACTS,
    SERVER('T36 an overflow that is told in the midst of a 200 has the same words'),
    inFile('upstream/overflow.test.ts')('every wording becomes the one that clients act on (T36)'),
  ),
  report(
    'T37',
    'microsoft/vscode-copilot-release#9502',
    'comments and a bare error line behind a 200',
    answer('q31-bare-error-line'),
    answer('q31-error-data-line'),
  ),
  report(
    'T38',
    'openai/codex#3930',
    'usage behind the finish is missed',
    answer('codex-3930-usage-behind-the-finish'),
    answer('q25-usage-without-choices'),
    answer('q18-after-the-finish'),
  ),
]

/** The way of a request (openrouter §8.3). */
const CONVERSION: readonly Report[] = [
  report(
    'T39',
    'ogx-ai/ogx#6367, NousResearch/hermes-agent#65369, shareAI-lab/Kode-CLI#62',
    'text comes before results, or splits them',
    request('ogx-6367-results-split-by-text'),
    request('t39-results-before-text'),
    REQUESTS('$name has results right behind their calls and text behind them (T39)'),
  ),
  report(
    'T40',
    'NanmiCoder/cc-haha#1278, sgl-project/sglang#19233, open-webui#23188, OpenRouterTeam/ai-sdk-provider#181',
    'images in results are dropped',
    request('t40-media-in-results'),
    request('t40-media-in-results-gpt'),
  ),
  report(
    'T41',
    'BerriAI/litellm#37118, #33075, 10router#18, free-claude-code#1455, #1698, cc-switch#5404',
    'stop sequences are dropped',
    request('t41-stop-sequences'),
    answer('stop-sequence-ignored'),
    OPTIONS('at most four go upstream, all are scanned for (T41)'),
    OPTIONS("models that refuse them at OpenAI's own server are only scanned"),
  ),
  report(
    'T42',
    'BerriAI/litellm#17904, #20107, anthropics/claude-code#96152',
    'names of tools beyond 64 characters',
    request('t42-long-tool-names'),
    answer('tool-name-restored'),
    TOOLS('two long names with the same beginning stay apart'),
  ),
  report(
    'T43',
    'BerriAI/litellm#30557',
    'a parameter named type is destroyed',
    request('t43-parameter-named-type'),
  ),
  report('T44', 'envoyproxy/ai-gateway#1953', 'tools without a type', request('t44-tools-without-type')),
  report(
    'T45',
    'musistudio/claude-code-router#1020, #645, CLIProxyAPI#43, #97, vibeproxy#338, llmgateway#1763, agentic-flow#55',
    'schemas that Gemini refuses',
    request('claude-code-router-1020-gemini-schemas'),
    request('claude-code-gemini'),
    inFile('translate/schema.test.ts')(
      'whatever the schema, Gemini gets only what it knows, and the client keeps its own',
    ),
  ),
  report(
    'T46',
    'musistudio/claude-code-router#4, BerriAI/litellm#22979, #22930, anthropics/claude-code#54039',
    'empty text',
    request('t46-empty-text'),
    REQUESTS('$name has no empty text (T46)'),
    MESSAGES('keeps its mark when it is empty (T46)'),
  ),
  report(
    'T47',
    'OpenRouterTeam/ai-sdk-provider#506',
    'an empty string beside calls, which Nova refuses',
    request('ai-sdk-provider-506-calls-without-text'),
  ),
  report(
    'T48',
    'charmbracelet/crush#910',
    'some providers take text only as a string',
    request('t48-plain-strings'),
    MESSAGES("another server's messages have no parts but for media"),
  ),
  report(
    'T49',
    'vllm-project/vllm#38738, mistralai/mistral-common#169',
    'Mistral refuses the order of messages around results',
    request('vllm-38738-mistral-behind-results'),
    request('t49-alternation'),
    REQUESTS(
      'Mistral sees no user message right behind a result, be it text, media or a system message (T49)',
    ),
  ),
  report(
    'T50',
    'vllm-project/vllm#44000, ollama#16372, #18431',
    'system messages are hoisted, and the prompt cache misses',
    request('ollama-18431-reminders-after-results'),
    request('t50-system-in-place'),
    request('t50-system-as-reminder'),
    MESSAGES('what was sent before is sent again, so that prompt caches hold'),
  ),
  report(
    'T51',
    '1rgs/claude-code-proxy#99, ccproxy-api#61, claude-code-router#1372, claudish#126, llama.cpp#20623, claude-code#68900',
    'a line that changes with every request is part of the prompt',
    request('t51-billing-line'),
    request('claude-code'),
    REQUESTS('$name has no line, key or id that changes with each request (T51)'),
  ),
  report(
    'T52',
    'router-for-me/CLIProxyAPI#4795',
    'more than four cache marks',
    request('cliproxyapi-4795-four-marks'),
    REQUESTS('$name has at most four cache marks (T52)'),
  ),
  report(
    'T53',
    'router-for-me/CLIProxyAPI#5557, ollama#17130, claude-code-provider-proxy#19, new-api#983',
    'cache marks are dropped',
    request('t53-cache-marks'),
    request('t53-cache-marks-on-media'),
    request('claude-code-1'),
  ),
  report(
    'T54',
    'farion1231/cc-switch#5722',
    'parallel calls are forbidden unasked',
    REQUESTS('$name forbids parallel calls only when it was asked to (T54)'),
    TOOLS('parallel calls are only ever forbidden (T54): %s'),
  ),
  report(
    'T55',
    'free-claude-code#576',
    'server tools are told by their names',
    request('t55-tools-by-type'),
    request('server-tools'),
  ),
  report(
    'T56',
    'anthropics/claude-code#65863',
    'thinking disabled beside an effort',
    request('t56-disabled-with-effort'),
    THINKING('disabled, without the effort beside it (T56)'),
  ),
  report(
    'T57',
    'decolua/9router#2635, #2894, jin-bo/agentao#296',
    'adaptive thinking, with effort and without',
    THINKING('adaptive with effort (T57)'),
    THINKING('adaptive invents no effort'),
  ),
  report(
    'T58',
    'ollama#15287',
    'thinking is on although nobody asked',
    THINKING('absent says nothing (T58)'),
    THINKING('absent switches off what is on by default (T58)'),
    REQUESTS('$name turns no thinking on by itself (T58)'),
  ),
  report(
    'T59',
    'decolua/9router#2780',
    'the suffix [1m] reaches the upstream, and answers have the shape of chat completions',
    SERVER('T59 the suffix of %s stays here, and the answer is a message of the model that was asked for'),
  ),
  report(
    'T60',
    'OpenRouterTeam/ai-sdk-provider#472',
    'keys whose order changes break caches',
    OPTIONS('the order in which a client sends its fields changes nothing (T60)'),
    MESSAGES('what was sent before is sent again, so that prompt caches hold'),
  ),
  report(
    'T61',
    'OpenRouterTeam/ai-sdk-provider#485',
    'addresses of images with a query',
    request('t61-images'),
  ),
  report(
    'T62',
    'anthropics/claude-code#21595',
    'edits of thinking without thinking',
    request('t62-clear-thinking'),
  ),
  report(
    'T63',
    'maximhq/bifrost#7348',
    'allowed_tools and parallel_tool_calls are lost',
    request('t63-chat-tool-choice'),
    OPTIONS('parallel calls are told of only where there are tools (T54, T63)'),
  ),
]

/** Thoughts there and back (openrouter §8.4). */
const THOUGHTS: readonly Report[] = [
  report(
    'T64',
    'musistudio/claude-code-router#1378, #1400, new-api#4806, 9router#355, cc-switch#2331, CLIProxyAPI#4776',
    'DeepSeek and Kimi miss the thoughts behind their calls',
    REPLAY('get details back at OpenRouter (T64)'),
    REPLAY('get a bare string back in the field it came in (T64, T76)'),
    request('claude-code-kimi'),
  ),
  report(
    'T65',
    'musistudio/claude-code-router#1057, #1081, openrouter-examples#67, LibreChat#37, pi#260, hebo-gateway#226',
    "Gemini's signatures are stripped",
    answer('gemini-text-encrypted-tool'),
    answer('ai-sdk-provider-288-gemini-call-and-stop'),
    REPLAY('gets its encrypted entry alone, still linked to its call (T65)'),
    REPLAY('keeps the link when the id is no legal one for clients (T65)'),
  ),
  report(
    'T66',
    'OpenRouterTeam/ai-sdk-provider#491, inspect_ai#3987, #4979',
    'blobs reach a model that did not make them, and thoughts leak as text',
    request('ai-sdk-provider-491-other-models-thoughts'),
    REPLAY("Gemini of GPT's (T66)"),
    REPLAY('thoughts are never part of what the assistant said (T66, T76)'),
    NOT_SAID,
  ),
  report(
    'T67',
    'OpenRouterTeam/ai-sdk-provider#423, #418, #439, #453',
    'a signature that comes late is lost',
    answer('ai-sdk-provider-423-signature-in-its-own-delta'),
    answer('q23-signature-long-after'),
    answer('q23-signature-after-call'),
    REPLAY('gets a signature that came behind the text of the answer (T67)'),
    BACK,
  ),
  report(
    'T68',
    'OpenRouterTeam/ai-sdk-provider#344, #254, #458',
    'parallel calls repeat entries',
    answer('ai-sdk-provider-344-details-on-every-call'),
    answer('gemini-repeated-encrypted'),
    REPLAY('gets an entry once that parallel calls repeated (T68)'),
    BACK,
  ),
  report(
    'T69',
    'OpenRouterTeam/ai-sdk-provider#487',
    'an empty list of details is lost',
    REPLAY('get the empty list where there was nothing to think (T69)'),
    answer('deepseek-empty-details'),
  ),
  report(
    'T70',
    'OpenRouterTeam/ai-sdk-provider#454',
    '[REDACTED] is shown',
    answer('ai-sdk-provider-454-redacted-words'),
    answer('q22-redacted-placeholder'),
    ANSWERS('shows no placeholder of encrypted thoughts, and no result of a search without its call'),
  ),
  report(
    'T71',
    'BerriAI/litellm#42550, ruby_llm#895',
    'signed thinking without text is stripped, or goes back as redacted',
    answer('litellm-42550-signed-empty-thinking'),
    request('redacted-thinking'),
    REPLAY('gets signed text that is empty (T71)'),
  ),
  report(
    'T72',
    'BerriAI/litellm#22997',
    'calls whose thoughts are gone',
    request('t72-lost-thoughts'),
    THINKING('lost thoughts are no reason for adaptive thinking to stop, nor for other models (T72)'),
  ),
  report(
    'T73',
    'BerriAI/litellm#38153',
    'a stream that is made of a whole answer has no signature',
    answer('litellm-38153-signature-of-a-whole-answer'),
    STREAM('a stream folds into the message that the same answer makes when it comes whole'),
  ),
  report(
    'T74',
    'maximhq/bifrost#6342, #5185, #2093',
    'blocks are merged, and display is forced',
    request('bifrost-6342-thoughts-in-order'),
    REPLAY('gets several signed and redacted entries in their order, none merged (T71, T74)'),
    THINKING('display changes nothing'),
  ),
  report(
    'T75',
    'linanwx/nagobot#21',
    'a provider refuses the signatures of another',
    inFile('upstream/stale-thoughts.test.ts')('when a provider refuses earlier thoughts (T75)'),
  ),
  report(
    'T76',
    'lidge-jun/opencodex#3719',
    'thinking of the client is dropped on its way upstream',
    REPLAY('get a bare string back in the field it came in (T64, T76)'),
    BACK,
  ),
]

/** Usage, counting and ids (openrouter §8.5). */
const COUNTS: readonly Report[] = [
  report(
    'T77',
    'ericc-ch/copilot-api#88, vllm-project/vllm#45079, #40912',
    'cached tokens are counted as input too',
    answer('vllm-45079-cached-prompt'),
    answer('usage-cached'),
  ),
  report(
    'T78',
    'router-for-me/CLIProxyAPI#5956, #4262, #4270, #1562, claude-code-router#1461',
    'tokens written to the cache are not told, or told twice',
    answer('cliproxyapi-5956-cache-write'),
    answer('usage-cache-write'),
    answer('usage-cache-write-hour'),
  ),
  report(
    'T79',
    'BerriAI/litellm#31069, #35127',
    'cache counters are missing or stay 0',
    answer('usage-cached'),
    ANSWERS('ends with a reason and with usage that are complete'),
  ),
  report(
    'T80',
    'vercel/ai#17326, mlx-node#45',
    'usage is 0 and 0',
    answer('mlx-node-45-zero-usage'),
    answer('usage-missing'),
    ANSWERS('that said something cost something'),
  ),
  report(
    'T81',
    'BerriAI/litellm#13252, #15006, cc-switch#4934, ai-gateway#1360, otari#124, antigravity-claude-proxy#13',
    'count_tokens does not exist, or not with ?beta=true',
    SERVER('T81 count_tokens%s counts'),
    inFile('api/models.test.ts')('C154 answers with a whole number above 0 and nothing else'),
  ),
  report(
    'T82',
    'ericc-ch/copilot-api#210',
    'counts that are too low make clients compact too late',
    inFile('tokens/counter.test.ts')('comes near the figures of the vendor, from above'),
    inFile('tokens/counter.test.ts')('moves the next count towards what was billed'),
    SERVER('T81 a longer prompt counts more, as clients compact by it'),
  ),
  report(
    'T83',
    'musistudio/claude-code-router#1808, CLIProxyAPI#1875, bifrost#5097',
    'ids that clients and Claude refuse',
    answer('claude-code-router-1808-kimi-ids'),
    request('t83-odd-ids'),
    ANSWERS('every call goes back under the id that its model gave it'),
  ),
  report(
    'T84',
    'OpenRouterTeam/ai-sdk-provider#160',
    'ids that are used twice',
    answer('q04-id-reused'),
    answer('q04-id-of-an-earlier-turn'),
    STREAM('no client sees one tool id twice'),
  ),
  report(
    'T85',
    'archytas#69, maximhq/bifrost#1354, OpenRouterTeam/ai-sdk-provider#287',
    'empty arguments are not {}',
    answer('archytas-69-call-without-arguments'),
    answer('q10-arguments-null'),
  ),
  report(
    'T86',
    'dyedd/lens#49, gcli2api#406, hermes-agent#11863, #57939, plexus#691, BerriAI/litellm#11999',
    'every call has the index 0',
    answer('gcli2api-406-every-index-is-zero'),
    answer('q02-index-always-zero-streamed'),
  ),
]

/** Defects that were read in the code of converters (openrouter §8.6). */
const READ: readonly Report[] = [
  report(
    'LLMS 1',
    'musistudio/llms',
    'the signature is a time',
    ANSWERS('signs nothing with a time or another number'),
  ),
  report('LLMS 2', 'musistudio/llms', 'content_filter becomes stop_sequence', answer('content-filter')),
  report(
    'LLMS 3',
    'musistudio/llms',
    'error events lack their type',
    SERVER('T32 the failure of a stream is an error event that an SDK can read, whatever came before'),
  ),
  report(
    'LLMS 4',
    'musistudio/llms',
    'lists become JSON text in results',
    request('llms-arrays-documents-and-marks'),
  ),
  report('LLMS 5', 'musistudio/llms', 'parts of text are joined', request('llms-arrays-documents-and-marks')),
  report(
    'LLMS 6',
    'musistudio/llms',
    'a budget is reduced to an effort',
    request('bifrost-6342-thoughts-in-order'),
  ),
  report(
    'LLMS 7',
    'musistudio/llms',
    'thinking stands behind the call in a whole answer',
    answer('bifrost-3688-whole-reasoning-and-call'),
  ),
  report(
    'LLMS 8',
    'musistudio/llms',
    'the first finish ends the stream',
    answer('llms-stops-at-the-first-finish'),
  ),
  report('LLMS 9', 'musistudio/llms', 'cache_creation is dropped', answer('usage-cache-write')),
  report(
    'LLMS 10',
    'musistudio/llms',
    'cache marks of tools are dropped',
    request('llms-arrays-documents-and-marks'),
  ),
  report(
    'LLMS 11',
    'musistudio/llms',
    'tool_choice any is passed as it is',
    request('llms-arrays-documents-and-marks'),
  ),
  report(
    'LLMS 12',
    'musistudio/llms',
    'documents are dropped',
    request('llms-arrays-documents-and-marks'),
    request('documents'),
  ),
  report(
    'LLMS 13',
    'musistudio/llms',
    'a search result for each annotation, and no call for any',
    answer('images-audio-annotations'),
    ANSWERS('shows no placeholder of encrypted thoughts, and no result of a search without its call'),
  ),
  report(
    'LLMS 14',
    'musistudio/llms',
    'a chunk without choices ends in a crash',
    answer('llms-chunks-without-choices'),
  ),
  report(
    'YR 1',
    'y-router',
    'the first call is block 1 of an empty answer',
    answer('litellm-31560-tool-first'),
  ),
  report(
    'YR 2',
    'y-router',
    'usage is a constant',
    answer('usage-missing'),
    answer('mlx-node-45-zero-usage'),
  ),
  report(
    'YR 3',
    'y-router',
    'max_tokens, tool_choice and stop stay behind',
    request('y-router-forwards-settings'),
    REQUESTS('a forced tool, its limits and what ends the answer reach the upstream (y-router)'),
  ),
  report('YR 4', 'y-router', 'either text or calls', answer('y-router-text-and-calls')),
  report('YR 5', 'y-router', 'images are dropped', request('t61-images')),
  report('YR 6', 'y-router', "a user's text comes before results", request('t39-results-before-text')),
  report(
    'YR 7',
    'y-router',
    'every system block gets a cache mark',
    request('llms-arrays-documents-and-marks'),
    MESSAGES('no cache mark comes out that did not go in, and none for other servers (T52)'),
  ),
  report('YR 8', 'y-router', 'length is not mapped', answer('length-text')),
  report('LIT 1', 'BerriAI/litellm', 'content_filter becomes end_turn', answer('content-filter')),
  report('LIT 2', 'BerriAI/litellm', 'documents become image_url', request('documents')),
  report(
    'LIT 3',
    'BerriAI/litellm',
    'the only image of a result becomes its address as text',
    request('litellm-results-keep-their-form'),
  ),
  report('LIT 4', 'BerriAI/litellm', 'is_error is dropped', request('litellm-results-keep-their-form')),
  report(
    'LIT 5',
    'BerriAI/litellm',
    'stop_sequences stay behind',
    request('litellm-results-keep-their-form'),
  ),
  report(
    'LIT 6',
    'BerriAI/litellm',
    "every property of an answer's schema becomes required",
    request('litellm-results-keep-their-form'),
    request('structured-output'),
  ),
  report(
    'LIT 7',
    'BerriAI/litellm',
    'web_search is told by its name',
    request('litellm-results-keep-their-form'),
    request('t55-tools-by-type'),
  ),
]

/** All that was reported or read, and what covers it. */
export const REPORTS: readonly Report[] = [
  ...GRAMMAR,
  ...ENDS,
  ...CONVERSION,
  ...THOUGHTS,
  ...COUNTS,
  ...READ,
]
