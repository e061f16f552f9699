import type { Config } from '../../config/schema.ts'
import type { UpstreamConfig } from '../../config/tables.ts'
import { DEFAULT_UPSTREAM } from '../../core/upstream.ts'
import { PROGRAM } from '../words.ts'
import { fail, type Finding, note, ok, wordsOf } from './finding.ts'

const UPSTREAM_TIMEOUT_MS = 10_000
const MAX_SKEW_MS = 5 * 60_000

/** Whether an upstream can be reached, takes the key and has the models; none of it costs anything. */
export async function checkUpstream(upstream: UpstreamConfig, config: Config): Promise<readonly Finding[]> {
  const { name, baseUrl, apiKey } = upstream
  const what = name === DEFAULT_UPSTREAM ? 'upstream' : name
  if (config.demo)
    return [
      note(
        what,
        'the built-in demo answers; set OPENROUTER_API_KEY for real models, or OPENROUTER_BASE_URL for a server of yours',
      ),
    ]
  const startedAt = performance.now()
  let response: Response
  try {
    response = await ask(`${baseUrl}/models`, apiKey)
  } catch (error) {
    return [fail(what, `${baseUrl} cannot be reached (${wordsOf(error)}); ${adviceFor(error)}`)]
  }
  const latencyMs = Math.round(performance.now() - startedAt)
  if (response.status === 401 || response.status === 403)
    return [fail(what, `${baseUrl} does not accept the key (${response.status}); ${keyAdvice(upstream)}`)]
  if (!response.ok)
    return [
      fail(what, `${baseUrl}/models answered ${response.status}; does the address end where /models begins?`),
    ]
  const ids = await readIds(response)
  return [
    ok(what, `${baseUrl} answered in ${latencyMs} ms and lists ${ids.length} models`),
    ...checkClock(response),
    ...(name === DEFAULT_UPSTREAM ? checkAliases(config, ids) : []),
    ...(upstream.dialect === 'openrouter' ? await checkKey(upstream) : []),
  ]
}

const ask = async (url: string, apiKey: string | undefined): Promise<Response> =>
  fetch(url, {
    headers: apiKey ? { authorization: `Bearer ${apiKey}` } : {},
    signal: AbortSignal.timeout(UPSTREAM_TIMEOUT_MS),
  })

const keyAdvice = ({ name }: UpstreamConfig): string =>
  name === DEFAULT_UPSTREAM
    ? 'set OPENROUTER_API_KEY to a valid one'
    : `set api_key or api_key_env in [upstreams.${name}]`

async function readIds(response: Response): Promise<readonly string[]> {
  try {
    const { data } = (await response.json()) as { data?: ReadonlyArray<{ id?: unknown }> }
    return (data ?? []).flatMap(({ id }) => (typeof id === 'string' ? [id] : []))
  } catch {
    return []
  }
}

/** Certificates and signatures fail on a machine whose clock is wrong, and say something else. */
function checkClock({ headers }: Response): readonly Finding[] {
  const theirs = Date.parse(headers.get('date') ?? '')
  if (Number.isNaN(theirs)) return []
  const skewMs = Date.now() - theirs
  if (Math.abs(skewMs) < MAX_SKEW_MS) return [ok('clock', 'agrees with the upstream’s')]
  const minutes = Math.round(Math.abs(skewMs) / 60_000)
  return [
    fail('clock', `is ${minutes} minutes ${skewMs > 0 ? 'ahead of' : 'behind'} the upstream’s; set it right`),
  ]
}

function checkAliases(config: Config, ids: readonly string[]): readonly Finding[] {
  const rows = [
    ['big', 'ANTHROPIC_MODEL', config.anthropicModel],
    ['small', 'ANTHROPIC_SMALL_FAST_MODEL', config.anthropicSmallFastModel],
  ] as const
  return rows.flatMap(([alias, variable, model]): readonly Finding[] => {
    if (model === undefined || ids.length === 0) return []
    if (ids.includes(model.replace(/:[a-z]+$/, ''))) return [ok('models', `${alias} is ${model}`)]
    return [
      fail(
        'models',
        `${variable}: the upstream does not list ${model}; "${PROGRAM} models" lists what there is`,
      ),
    ]
  })
}

/** OpenRouter tells of the key itself: its limit, and what is used up. */
async function checkKey({ baseUrl, apiKey }: UpstreamConfig): Promise<readonly Finding[]> {
  if (!apiKey) return [fail('key', 'OPENROUTER_API_KEY is not set; openrouter.ai/keys makes one')]
  try {
    const response = await ask(`${baseUrl}/key`, apiKey)
    if (response.status === 401)
      return [fail('key', 'OPENROUTER_API_KEY is not valid; openrouter.ai/keys makes a new one')]
    if (!response.ok) return [note('key', `${baseUrl}/key answered ${response.status}`)]
    const { data } = (await response.json()) as {
      data?: { usage?: number; limit?: number | null; limit_remaining?: number | null }
    }
    const remaining = data?.limit_remaining
    const used = typeof data?.usage === 'number' ? `, $${data.usage.toFixed(2)} used` : ''
    if (typeof remaining === 'number' && remaining <= 0)
      return [fail('key', `the key is valid but its limit is used up${used}; raise it at openrouter.ai/keys`)]
    return [
      ok('key', `valid${used}${typeof remaining === 'number' ? `, $${remaining.toFixed(2)} left` : ''}`),
    ]
  } catch (error) {
    return [note('key', `could not be checked (${wordsOf(error)})`)]
  }
}

function adviceFor(error: unknown): string {
  const words = wordsOf(error)
  if (/CERT|SSL|TLS|SIGNED/i.test(words))
    return 'its certificate is not trusted here; NODE_EXTRA_CA_CERTS=FILE adds the one of your network'
  if (/Timeout|timed out/i.test(words))
    return 'no answer came; a proxy may be needed: HTTPS_PROXY=http://host:port'
  if (/ENOTFOUND|getaddrinfo|DNS/i.test(words))
    return 'its name is not known; is the network up, and the name right?'
  return 'is it running, and is the address right?'
}
