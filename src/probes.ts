import { statfs } from 'node:fs/promises'

import type { Batches } from './batches/batches.ts'
import type { Config } from './config/schema.ts'
import type { UpstreamConfig } from './config/tables.ts'
import type { Services } from './messages/services.ts'
import type { EventLoop } from './observability/event-loop.ts'
import type { Finding, Probe } from './observability/probes.ts'
import type { Runs } from './runs/runs.ts'
import { probeUpstream } from './upstream/probe.ts'

export interface Probed {
  readonly config: () => Config
  readonly services: () => Services
  readonly batches: Batches
  readonly runs: Runs
  readonly eventLoop: EventLoop
}

const HEALTHY: Finding = { status: 'healthy' }

/** What the server depends on. Each fault says how far the server is hurt by it. */
export const createProbes = ({ config, services, batches, runs, eventLoop }: Probed): readonly Probe[] => [
  {
    name: 'upstream',
    severity: 'unhealthy',
    look: async (signal) => lookAtUpstreams(config(), signal),
  },
  {
    name: 'history',
    severity: 'degraded',
    look() {
      runs.store?.check()
      return { ...HEALTHY, details: { kept: runs.store !== undefined, ...runs.counts } }
    },
  },
  { name: 'disk', severity: 'degraded', look: async () => lookAtDisk(config().dataDir) },
  {
    name: 'cache',
    severity: 'degraded',
    async look() {
      const stats = await services().cache?.stats()
      return { ...HEALTHY, details: { enabled: stats !== undefined } }
    },
  },
  {
    name: 'queue',
    severity: 'degraded',
    async look() {
      const { running, items } = await batches.stats()
      return { ...HEALTHY, details: { running, pending: items.pending } }
    },
  },
  { name: 'event_loop', severity: 'unhealthy', look: () => lookAtEventLoop(eventLoop.lagMs()) },
]

/** One that cannot be reached takes its models away; all of them, and the server answers nothing. */
async function lookAtUpstreams(config: Config, signal: AbortSignal): Promise<Finding> {
  if (config.demo) return { ...HEALTHY, message: 'the built-in demo answers', details: { demo: true } }
  const found = await Promise.all(config.upstreams.map(async (plan) => lookAtUpstream(plan, signal)))
  const faults = found.flatMap(({ name, fault }) => (fault === undefined ? [] : `${name}: ${fault}`))
  const details = Object.fromEntries(found.map(({ name, ...state }) => [name, state]))
  if (faults.length === 0) return { ...HEALTHY, details }
  return {
    status: faults.length === found.length ? 'unhealthy' : 'degraded',
    message: faults.join('; '),
    details,
  }
}

async function lookAtUpstream({ name, baseUrl, apiKey, dialect }: UpstreamConfig, signal: AbortSignal) {
  const startedAtMs = performance.now()
  const probed = { baseUrl, apiKey, openrouter: dialect === 'openrouter' }
  const latencyOf = (): number => Math.round((performance.now() - startedAtMs) * 10) / 10
  try {
    const { status, isKeyAccepted } = await probeUpstream(
      probed,
      async (url, init) => fetch(url, init),
      signal,
    )
    return {
      name,
      reachable: true,
      key_accepted: isKeyAccepted,
      latency_ms: latencyOf(),
      fault: faultOf(status, isKeyAccepted),
    }
  } catch {
    return {
      name,
      reachable: false,
      key_accepted: null,
      latency_ms: latencyOf(),
      fault: 'cannot be reached; is it running, and is its address right?',
    }
  }
}

function faultOf(status: number, isKeyAccepted: boolean): string | undefined {
  if (!isKeyAccepted) return `does not accept the key (status ${status})`
  return status >= 500 ? `answers with status ${status}` : undefined
}

const LEAST_FREE_BYTES = 200 * 1_048_576

async function lookAtDisk(folder: string): Promise<Finding> {
  // The folder is made when the first file is; until then there is nothing to measure.
  const stats = await statfs(folder).catch(() => undefined)
  if (!stats) return { ...HEALTHY, details: { used: false } }
  const freeBytes = stats.bavail * stats.bsize
  const details = { free_bytes: freeBytes }
  return freeBytes < LEAST_FREE_BYTES
    ? { status: 'degraded', message: 'less than 200 MB are free in DATA_DIR', details }
    : { ...HEALTHY, details }
}

const SLOW_MS = 500
const STUCK_MS = 5000

function lookAtEventLoop(lagMs: number): Finding {
  const details = { lag_ms: Math.round(lagMs) }
  if (lagMs < SLOW_MS) return { ...HEALTHY, details }
  return {
    status: lagMs < STUCK_MS ? 'degraded' : 'unhealthy',
    message: 'the process is busier than it can be; give it more CPU or fewer requests',
    details,
  }
}
