import { stringify } from 'smol-toml'

import { CommandFailure } from '../command.ts'

/** A configuration of this program, and what had no place in it. */
export interface Imported {
  readonly toml: string
  readonly notes: readonly string[]
}

type Fields = Readonly<Record<string, unknown>>

/**
 * Makes a configuration from one of claude-code-router (`Providers`, `Router`, `APIKEY` …; JSON with comments). What
 * has no counterpart is named in the notes. Throws a `CommandFailure` for a file that is no such configuration.
 */
export function importRouterConfig(text: string, path: string): Imported {
  const config = parse(text, path)
  const notes: string[] = []
  const providers = listOf(config['Providers'] ?? config['providers'])
  const upstreams = new Map(
    providers.map((provider) => [textOf(provider['name']), toUpstream(provider, notes)]),
  )
  const router = recordOf(config['Router'])
  const nameOf = (route: string): string | undefined => modelOf(textOf(router[route]), upstreams)
  const own = [...upstreams.values()].find(({ isOpenRouter }) => isOpenRouter)

  for (const [key, why] of Object.entries(UNUSED)) if (config[key] !== undefined) notes.push(`${key}: ${why}`)
  return {
    toml: stringify(
      dropEmpty({
        openrouter_api_key: own && !own.variable ? own.apiKey : undefined,
        server_api_keys: textOf(config['APIKEY']) ? [textOf(config['APIKEY'])] : undefined,
        request_timeout:
          typeof config['API_TIMEOUT_MS'] === 'number' ? config['API_TIMEOUT_MS'] / 1000 : undefined,
        anthropic_model: nameOf('default'),
        anthropic_small_fast_model: nameOf('background'),
        upstreams: dropEmpty(
          Object.fromEntries(
            [...upstreams.values()].flatMap((found) => (found === own ? [] : [[found.name, tableOf(found)]])),
          ),
        ),
        routes: dropEmpty({
          thinking: nameOf('think'),
          long_context: nameOf('longContext'),
          long_context_tokens: router['longContextThreshold'],
          web_search: nameOf('webSearch'),
          image: nameOf('image'),
        }),
      }),
    ),
    notes:
      own?.variable && own.variable !== 'OPENROUTER_API_KEY'
        ? [...notes, `the key of OpenRouter is in ${own.variable}: set OPENROUTER_API_KEY to it`]
        : notes,
  }
}

/** What this program does in another way, or not. */
const UNUSED: Readonly<Record<string, string>> = {
  PROXY_URL: 'set HTTPS_PROXY in the environment instead',
  CUSTOM_ROUTER_PATH: 'routers in JavaScript are not run; [routes] and [models."PATTERN"] decide',
  transformers: 'plug-ins in JavaScript are not run; the translation is built in',
  StatusLine: 'is a setting of the other program',
}

interface Upstream {
  readonly name: string
  readonly baseUrl: string
  readonly isOpenRouter: boolean
  readonly wire: 'chat' | 'messages'
  readonly apiKey: string | undefined
  /** The variable that holds the key. */
  readonly variable: string | undefined
  readonly models: readonly string[]
}

function toUpstream(provider: Fields, notes: string[]): Upstream {
  const given = textOf(provider['name'])
  const name =
    given
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, '-')
      .replaceAll(/^-|-$/g, '') || 'upstream'
  const address = textOf(provider['api_base_url'] ?? provider['baseUrl'])
  const key = textOf(provider['api_key'] ?? provider['apiKey'])
  const variable = /^\$\{?([A-Za-z_]\w*)\}?$/.exec(key)?.[1]
  const isGemini = /generativelanguage\.googleapis\.com/.test(address)
  if (name !== given) notes.push(`provider ${given}: is called ${name} here`)
  if (isGemini) notes.push(`provider ${given}: is asked by Google's OpenAI-compatible address`)
  return {
    name,
    baseUrl: isGemini ? GEMINI_URL : address.replace(/\/(?:chat\/completions|messages)\/?$/, ''),
    isOpenRouter: /(?:^|\/\/|\.)openrouter\.ai(?:[:/]|$)/.test(address),
    wire: /\/messages\/?$/.test(address) ? 'messages' : 'chat',
    apiKey: variable === undefined && key !== '' ? key : undefined,
    variable,
    models: Array.isArray(provider['models'])
      ? provider['models'].filter((model) => typeof model === 'string')
      : [],
  }
}

const GEMINI_URL = 'https://generativelanguage.googleapis.com/v1beta/openai'

const tableOf = ({ baseUrl, wire, apiKey, variable, models }: Upstream): Fields =>
  dropEmpty({
    base_url: baseUrl,
    wire: wire === 'messages' ? wire : undefined,
    api_key: apiKey,
    api_key_env: variable,
    models: models.length > 0 ? models : undefined,
  })

/** `provider,model` as this program names it. */
function modelOf(route: string, upstreams: ReadonlyMap<string, Upstream>): string | undefined {
  const at = route.indexOf(',')
  if (at < 0) return route === '' ? undefined : route
  const upstream = upstreams.get(route.slice(0, at).trim())
  const model = route.slice(at + 1).trim()
  return upstream && !upstream.isOpenRouter ? `${upstream.name}/${model}` : model
}

function parse(text: string, path: string): Fields {
  let value: unknown
  try {
    value = Bun.JSON5.parse(text)
  } catch (error) {
    throw new CommandFailure(`${path}: is no JSON: ${error instanceof Error ? error.message : String(error)}`)
  }
  const config = recordOf(value)
  if (!Array.isArray(config['Providers'] ?? config['providers']))
    throw new CommandFailure(
      `${path}: has no list of Providers, so it is no configuration of claude-code-router`,
    )
  return config
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value.trim() : '')

const recordOf = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {}

const listOf = (value: unknown): readonly Fields[] => (Array.isArray(value) ? value.map(recordOf) : [])

/** Without what is not there or empty. */
function dropEmpty(fields: Fields): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).filter(
      ([, value]) =>
        value !== undefined &&
        !(typeof value === 'object' && value !== null && Object.keys(value).length === 0),
    ),
  )
}
