import { DEFAULT_UPSTREAM } from '../core/upstream.ts'
import { NO_ALIASES, readAliases } from './aliases.ts'
import { checkDoor, checkKeys, checkUnsupported } from './checks.ts'
import { type ConfigFile, readConfigFile } from './file.ts'
import { find, gather, type GivenSettings, type Sources } from './given.ts'
import { userConfigFile, userFolder } from './machine.ts'
import { NO_MCP_SERVERS, readMcpServers } from './mcp-servers.ts'
import { NO_RULES, readModelRules } from './model-rules.ts'
import { ConfigError, quote, type Report } from './problem.ts'
import { NO_ROUTES, readRoutes } from './routes.ts'
import { type Config, type Facts, fileVariant, type Setting, settingEntries, SETTINGS } from './schema.ts'
import type { Secrets } from './secrets.ts'
import { joinUpstreams, readUpstreams, type UpstreamTable } from './upstreams.ts'
import { readGiven, readValue } from './value.ts'

/**
 * Makes the configuration: command line before environment before file before default.
 * Throws a `ConfigError` with all problems; a wrong value that a stronger source overrides is none.
 */
export function loadConfig(sources: Sources): Config {
  const problems: string[] = []
  const report: Report = (problem) => problems.push(problem)
  const file = openFile(sources, report)
  // What a broken file would have said is unknown, and nothing may be called missing because of it.
  const isComplete = problems.length === 0
  const given = gather(sources, file, report)
  const dataFolder = userFolder('data', sources)
  const hasKeys = (): boolean => {
    const dataDir = given.dataDir ? readValue(given.dataDir.value, SETTINGS.dataDir.kind) : dataFolder
    return dataDir !== undefined && sources.hasKeys?.(dataDir) === true
  }
  if (isComplete) checkDoor(given, hasKeys, report)
  const values = readValues(given, sources.secrets, report)
  const facts = { host: values.host ?? SETTINGS.host.default, dataFolder }
  const defaults = makeDefaults(given, facts, report)
  const tables = file ? readTables(file, sources, report) : NO_TABLES
  if (file) checkKeys(file, report)
  checkUnsupported(sources, file, report)
  if (problems.length > 0) throw new ConfigError(problems)
  // Without a problem, every field of SETTINGS has come from its own kind or its own default.
  const settings = { ...defaults, ...values, configFile: file?.path } as Config
  const { upstreams, ...rules } = tables
  return Object.freeze({
    ...settings,
    ...rules,
    upstreams: joinUpstreams(upstreams, settings),
    proxied: PROXY_VARIABLES.some((name) => (sources.env[name] ?? '') !== ''),
    demo:
      !given.openrouterApiKey &&
      !given.openrouterBaseUrl &&
      !settings.openrouterPassThrough &&
      upstreams.length === 0,
  })
}

const PROXY_VARIABLES = ['HTTP_PROXY', 'HTTPS_PROXY', 'http_proxy', 'https_proxy']

/** What the file says in tables, which no variable can. */
interface Tables extends Pick<Config, 'aliases' | 'modelRules' | 'routes' | 'mcpServers'> {
  readonly upstreams: readonly UpstreamTable[]
}

const NO_TABLES: Tables = {
  aliases: NO_ALIASES,
  upstreams: [],
  modelRules: NO_RULES,
  routes: NO_ROUTES,
  mcpServers: NO_MCP_SERVERS,
}

function readTables(file: ConfigFile, { env }: Sources, report: Report): Tables {
  const upstreams = readUpstreams(file, env, report)
  const names = [DEFAULT_UPSTREAM, ...upstreams.map(({ name }) => name)]
  return {
    aliases: readAliases(file, report),
    upstreams,
    modelRules: readModelRules(file, names, report),
    routes: readRoutes(file, report),
    mcpServers: readMcpServers(file, report),
  }
}

/** The file that is named, which must exist, or else the user's own, which need not. */
export function openFile(sources: Sources, report: Report): ConfigFile | undefined {
  const named = find(SETTINGS.configFile, sources, undefined)
  const path = named ? SETTINGS.configFile.kind.read(String(named.value).trim()) : userConfigFile(sources)
  if (path === undefined) return undefined
  try {
    const file = readConfigFile(path, sources.readTextFile)
    if (named && !file) report(`CONFIG_FILE: ${quote(path)} does not exist (from ${named.origin()})`)
    return file && { ...file, secrets: sources.secrets }
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    error.problems.forEach(report)
    return undefined
  }
}

function readValues(given: GivenSettings, secrets: Secrets | undefined, report: Report): Partial<Config> {
  const values: Record<string, unknown> = {}
  for (const [field, setting] of settingEntries()) {
    const found = given[field]
    if (found === undefined) continue
    const row = {
      ...setting,
      label: setting.name,
      otherwise: `a file that ${fileVariant(setting).name} names may hold it instead`,
    }
    const value = readGiven(row, found, secrets, report)
    if (value !== undefined) values[field] = value
  }
  return values
}

function makeDefaults(given: GivenSettings, facts: Facts, report: Report): Partial<Config> {
  const values: Record<string, unknown> = {}
  for (const [field, setting] of settingEntries()) {
    const source = setting.default
    if (given[field] !== undefined) continue
    if (typeof source === 'string') values[field] = setting.kind.read(source)
    else if ('from' in source) values[field] = source.from(facts) ?? report(noDefault(setting))
  }
  return values
}

const noDefault = ({ name, kind }: Setting): string =>
  `${name}: has no default, as there is no home folder; give ${kind.allowed}`
