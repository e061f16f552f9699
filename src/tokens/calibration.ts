/**
 * Every number behind a token estimate. Sources, by the letter used below:
 *  A  Anthropic's documentation: tool-use pricing, vision, token counting.
 *  T  ai-tokenizer 1.0.6, models.json: fitted to Anthropic's counting endpoint, models up to Opus 4.5.
 *  M  others' measurements of the tokenizer that came with Opus 4.7: English 3.60 characters a token (4.33 before),
 *     code 1.13–1.36, JSON 1.31 and Markdown 1.37–1.47 times as many tokens as before.
 *  G  our guess, on the high side: a client told too little compacts its context too late.
 */
export interface Calibration {
  /** Real tokens for one token of the local vocabulary, which is that of Claude 2. */
  readonly textFactor: number
  /** For guesses without a tokenizer: characters of a typical agent's prompt (code, JSON, Markdown) in a token. */
  readonly charsPerToken: number
  readonly perRequest: number
  readonly perMessage: number
  /** The system prompt that makes tool use work, present with any tool; `forced` for tool_choice any and tool. */
  readonly toolPrompt: { readonly auto: number; readonly forced: number }
  readonly firstTool: number
  readonly furtherTool: number
  readonly schema: SchemaCalibration
  readonly image: ImageLimits
}

/** Tokens that frame each part of a tool's input schema; names and descriptions are counted as text. */
export interface SchemaCalibration {
  readonly description: number
  readonly firstProperty: number
  readonly furtherProperty: number
  readonly propertyDescription: number
  readonly enumeration: number
  readonly nestedObject: number
  readonly arrayOfObjects: number
}

/** How far an image is scaled down before it is billed. */
export interface ImageLimits {
  readonly maxEdgePx: number
  readonly maxTokens: number
}

/** A, M: the limits of all models before Opus 4.7. */
export const STANDARD_IMAGE: ImageLimits = { maxEdgePx: 1_568, maxTokens: 1_600 }

// T
const CLAUDE_SCHEMA: SchemaCalibration = {
  description: 5,
  firstProperty: 13,
  furtherProperty: 12,
  propertyDescription: 5,
  enumeration: 9,
  nestedObject: 12,
  arrayOfObjects: 13,
}

const CLAUDE_4: Calibration = {
  textFactor: 1.1, // T
  charsPerToken: 3.5, // the local vocabulary over code and Markdown, times the factor
  perRequest: 6, // T
  perMessage: 2, // T
  toolPrompt: { auto: 346, forced: 313 }, // A
  firstTool: 20, // T: 366 for prompt and first tool
  furtherTool: 53, // T
  schema: CLAUDE_SCHEMA,
  image: STANDARD_IMAGE,
}

const CLAUDE_4_5: Calibration = {
  ...CLAUDE_4,
  toolPrompt: { auto: 529, forced: 496 }, // T: 549 for prompt and first tool, where A still says 346 and 313
}

const CLAUDE_4_7: Calibration = {
  ...CLAUDE_4,
  textFactor: 1.35, // M: 1.30 for English, 1.24–1.50 for code, 1.44 for JSON, in tokens of the local vocabulary
  charsPerToken: 2.9,
  firstTool: 25,
  furtherTool: 64,
  // T, grown by M's 1.2 as schemas are text too
  schema: {
    description: 6,
    firstProperty: 16,
    furtherProperty: 14,
    propertyDescription: 6,
    enumeration: 11,
    nestedObject: 14,
    arrayOfObjects: 16,
  },
  image: { maxEdgePx: 2_576, maxTokens: 4_800 }, // M: about three times the tokens
}

// T: GPT-5
const OPENAI: Calibration = {
  textFactor: 1,
  charsPerToken: 4,
  perRequest: 5,
  perMessage: 4,
  toolPrompt: { auto: 24, forced: 24 },
  firstTool: 6,
  furtherTool: 6,
  schema: {
    description: 2,
    firstProperty: 5,
    furtherProperty: 3,
    propertyDescription: 2,
    enumeration: 7,
    nestedObject: 1,
    arrayOfObjects: 1,
  },
  image: STANDARD_IMAGE,
}

// T: DeepSeek V3 for the schema; GLM, Kimi and Qwen are near
const OTHER: Calibration = {
  textFactor: 1,
  charsPerToken: 3.8,
  perRequest: 6,
  perMessage: 3,
  toolPrompt: { auto: 150, forced: 150 },
  firstTool: 20,
  furtherTool: 50,
  schema: {
    description: 1,
    firstProperty: 14,
    furtherProperty: 11,
    propertyDescription: 5,
    enumeration: 9,
    nestedObject: 10,
    arrayOfObjects: 11,
  },
  image: STANDARD_IMAGE,
}

/** Newest first. A Claude without a readable version, such as `claude-sonnet-latest`, counts as the newest. */
const CLAUDE_SINCE: ReadonlyArray<readonly [version: number, calibration: Calibration]> = [
  [4.7, CLAUDE_4_7],
  [4.5, CLAUDE_4_5],
  [0, CLAUDE_4],
]

const CLAUDE_VERSION = /claude-(?:[a-z]+-)?(\d{1,2}(?:[.-]\d(?!\d))?)(?!\d)/
const OPENAI_NAME = /(?:^|\/)(?:gpt|chatgpt|codex|o\d)/

const remembered = new Map<string, Calibration>()
const MOST_REMEMBERED = 1000

/** The numbers for a model, by its name as an upstream or a client spells it. */
export function calibrationOf(model: string): Calibration {
  const known = remembered.get(model)
  if (known) return known
  const calibration = findCalibration(model.toLowerCase())
  if (remembered.size < MOST_REMEMBERED) remembered.set(model, calibration)
  return calibration
}

function findCalibration(name: string): Calibration {
  if (name.includes('claude')) return claudeCalibration(name)
  return OPENAI_NAME.test(name) ? OPENAI : OTHER
}

function claudeCalibration(name: string): Calibration {
  const version = Number(CLAUDE_VERSION.exec(name)?.[1]?.replace('-', '.') ?? Infinity)
  return CLAUDE_SINCE.find(([since]) => version >= since)?.[1] ?? CLAUDE_4_7
}

/** What a tool with a schema of Anthropic's own adds, by the start of its type. */
export const TYPED_TOOL_TOKENS: ReadonlyArray<readonly [type: string, tokens: number]> = [
  ['bash_', 245], // A
  ['text_editor_', 700], // A
  ['computer_', 735 + 499], // A: the tool, and what computer use adds to the system prompt; also for the toolset
  ['browser_toolset_', 735 + 499], // G: like computer use
  ['memory_', 400], // G
  ['mcp_toolset', 1_000], // G: its tools are known to the MCP server only
  ['', 300], // G: whatever else runs on a server
]

/** What a block costs beyond its text. */
export const BLOCK_TOKENS: Readonly<Record<string, number>> = {
  tool_use: 20, // G: T counts the id instead, about as long
  server_tool_use: 20,
  mcp_tool_use: 20,
  tool_result: 20,
  mcp_tool_result: 20,
  search_result: 10, // G
  document: 10, // G
}

/** A: an image costs width × height / 750 tokens. */
export const PX_PER_TOKEN = 750

/** G: an image nobody here has seen costs what a large one does. */
export const UNSEEN_IMAGE_TOKENS = STANDARD_IMAGE.maxTokens

/** G: a page is billed as its text and its image; the common figure of 1,500 to 3,000 is unconfirmed. */
export const PDF_TOKENS_PER_PAGE = 2_000
/** A: the most pages a request may hold. */
export const MAX_PDF_PAGES = 600
/** G: where the pages cannot be counted. */
export const PDF_BYTES_PER_PAGE = 60_000
/** G: a document that stands elsewhere is not fetched to be counted. */
export const UNSEEN_DOCUMENT_TOKENS = 3 * PDF_TOKENS_PER_PAGE

/** G: characters of encrypted base64 that stand for one token of what was encrypted. */
export const ENCRYPTED_CHARS_PER_TOKEN = 5
