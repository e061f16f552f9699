import type { EventLoop } from '../event-loop.ts'
import type { Metrics } from './registry.ts'
import { PREFIX } from './requests.ts'

/** What the process itself uses, under Prometheus' usual names. */
export function collectProcess(metrics: Metrics, version: string, eventLoop: EventLoop): void {
  const cpu = metrics.reading('process_cpu_seconds_total', 'User and system time.')
  const resident = metrics.gauge('process_resident_memory_bytes', 'Memory that the process occupies.')
  const heap = metrics.gauge(`${PREFIX}heap_bytes`, 'Memory that JavaScript objects occupy.')
  const started = metrics.gauge('process_start_time_seconds', 'When the process began, since the epoch.')
  const lag = metrics.gauge(
    `${PREFIX}event_loop_lag_seconds`,
    'The longest time in the last ten seconds that ready work had to wait.',
  )
  const build = metrics.gauge(`${PREFIX}build_info`, 'Always 1; the labels say what runs.', [
    'version',
    'bun',
  ])
  const startedAtSeconds = Date.now() / 1000 - process.uptime()

  metrics.collect(() => {
    const { user, system } = process.cpuUsage()
    const memory = process.memoryUsage()
    cpu.set((user + system) / 1e6)
    resident.set(memory.rss)
    heap.set(memory.heapUsed)
    started.set(Math.round(startedAtSeconds * 1000) / 1000)
    lag.set(eventLoop.lagMs() / 1000)
    build.set(1, version, Bun.version)
  })
}
