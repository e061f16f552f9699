import type { ClientProtocol } from '../core/context.ts'
import { invalidRequest } from '../core/errors.ts'
import type { PromptSize } from '../tokens/counter.ts'
import { mediaTokensOf } from '../tokens/media.ts'
import type { Turn } from '../translate/turns.ts'
import type { ContentBlock, ToolResultContent } from '../wire/anthropic/content.ts'
import type { CountTokensRequest } from '../wire/anthropic/request.ts'

/** Which model answers which kind of request. */
export interface Routes {
  readonly models: Readonly<Partial<Record<Scenario, string>>>
  /** From how many tokens on a prompt is long. */
  readonly longContextTokens: number
}

export type Scenario =
  | 'default'
  | 'background'
  | 'thinking'
  | 'long_context'
  | 'image'
  | 'web_search'
  | 'subagent'

/** What a route is chosen by. */
export interface Occasion {
  readonly request: Pick<CountTokensRequest, 'model' | 'tools' | 'thinking'>
  readonly turns: readonly Turn[]
  readonly protocol: Pick<ClientProtocol, 'agentId'> & { readonly route?: string | undefined }
  readonly routes: Routes
  /** Estimates the prompt; only called where that decides something. */
  readonly tokens: () => number
}

/** The model to be asked, and why, where a route says so. */
export interface Routed {
  readonly model: string
  readonly scenario: Scenario | undefined
}

/**
 * Which route a request takes: the one that its `x-route` header names, else the first one that the operator gave a
 * model and that fits. Only Claude's names and the aliases leave the choice to the server; any other model that a
 * client names is the one it gets. Throws a `Failure` when the header names a route that is not there.
 */
export function routeScenario(occasion: Occasion): Routed {
  const { request, protocol, routes } = occasion
  const scenario = protocol.route === undefined ? fittingRoute(occasion) : namedRoute(protocol.route, routes)
  return { model: (scenario && routes.models[scenario]) ?? request.model, scenario }
}

/** Most telling first: what a model must be able to do stands above what would be nice. */
const CONDITIONS: ReadonlyArray<readonly [Scenario, (occasion: Occasion) => boolean]> = [
  ['web_search', ({ request }) => request.tools?.some(isWebSearch) === true],
  ['image', ({ turns }) => turns.findLast(({ role }) => role === 'user')?.content.some(hasImage) === true],
  ['subagent', ({ protocol }) => protocol.agentId !== undefined],
  ['background', ({ request }) => isSmall(request.model)],
  ['long_context', ({ tokens, routes }) => tokens() >= routes.longContextTokens],
  [
    'thinking',
    ({ request }) => request.thinking?.type === 'enabled' || request.thinking?.type === 'adaptive',
  ],
  ['default', () => true],
]

function fittingRoute(occasion: Occasion): Scenario | undefined {
  const { request, routes } = occasion
  if (!isLeftToUs(request.model)) return undefined
  return CONDITIONS.find(([name, fits]) => routes.models[name] !== undefined && fits(occasion))?.[0]
}

function namedRoute(header: string, { models }: Routes): Scenario {
  const asked = header.trim().toLowerCase().replaceAll('-', '_')
  const names = CONDITIONS.map(([name]) => name).filter((name) => models[name] !== undefined)
  const found = names.find((name) => name === asked)
  if (found) return found
  const known = names.length > 0 ? `the server has ${names.join(', ')}` : 'the server has none'
  throw invalidRequest(`x-route: there is no route '${header}'; ${known}`)
}

/** Whether a name says what kind of model is wanted rather than which one. */
const isLeftToUs = (model: string): boolean =>
  /^\s*(?:openrouter\/)?(?:claude-|(?:big|small)\s*$)/i.test(model)

const isSmall = (model: string): boolean => /^\s*(?:openrouter\/)?(?:claude-.*haiku|small\s*$)/i.test(model)

const isWebSearch = ({ type }: { readonly type?: string | null }): boolean =>
  /^(?:web_search_\d|openrouter:web_search$)/.test(type ?? '')

/** An image, wherever a block may hold one. */
function hasImage(block: ContentBlock | ToolResultContent): boolean {
  if (block.type === 'image') return true
  if (block.type === 'tool_result' && Array.isArray(block.content)) return block.content.some(hasImage)
  if (block.type !== 'document' || block.source.type !== 'content') return false
  return Array.isArray(block.source.content) && block.source.content.some(hasImage)
}

/** How large a prompt is that is not translated yet, for `Occasion.tokens`. It reads all of the request. */
export const promptSize = (request: CountTokensRequest, turns: readonly Turn[]): PromptSize => ({
  textChars: JSON.stringify(request, withoutData).length,
  mediaTokens: turns.reduce((total, { content }) => total + mediaTokensOf(content), 0),
})

/** What an image or a file holds is no text. */
const withoutData = (key: string, value: unknown): unknown =>
  key === 'source' && isBase64(value) ? undefined : value

const isBase64 = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'type' in value && value.type === 'base64'
