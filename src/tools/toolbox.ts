import type { CustomTool } from '../wire/anthropic/tools.ts'
import { createRateLimiter, type RateLimit } from './limits.ts'
import { createToolMetrics, type ToolCounts } from './metrics.ts'
import { createPlaces } from './places.ts'
import { TOOLS } from './registry.ts'
import { type Runner, runTool } from './run.ts'
import type { ToolServices } from './services.ts'
import type { Tool, ToolCaller, ToolResult } from './tool.ts'

export interface ToolboxOptions {
  readonly services: ToolServices
  /** What has to be closed with the toolbox. */
  readonly closes?: readonly Disposable[]
  readonly rate: RateLimit
  /** The most runs at one time. */
  readonly maxConcurrent: number
  /** The tools that can be run; all of the registry, unless somebody knows better. */
  readonly tools?: readonly Tool[]
}

/** The tools of this server, ready to be run. */
export interface Toolbox {
  /** What keeps commands within the working directory: `bubblewrap` or `none`. */
  readonly sandbox: string
  readonly tools: readonly Tool[]
  find(name: string): Tool | undefined
  /** Whether commands see nothing but the working directory and the system's programs. */
  readonly sandboxed: boolean
  /** What a model is told of a tool. */
  definitions(): readonly CustomTool[]
  /** Runs a tool. Throws only the reason of the caller's signal. */
  run(name: string, input: unknown, caller: ToolCaller): Promise<ToolResult>
  metrics(): ToolboxMetrics
  /** Ends what still runs and closes what is open. */
  close(): void
}

export interface ToolboxMetrics {
  readonly tools: Readonly<Record<string, ToolCounts>>
  readonly inFlight: number
  readonly mostInFlight: number
  readonly maxConcurrent: number
  readonly timeoutMs: number
  readonly rate: RateLimit
}

/** Joins the tools with what they need. */
export function createToolbox({
  services,
  closes = [],
  rate,
  maxConcurrent,
  tools = TOOLS,
}: ToolboxOptions): Toolbox {
  const metrics = createToolMetrics()
  const byName = new Map(tools.map((tool) => [tool.name, tool]))
  const runner: Runner = {
    tools: byName,
    services,
    metrics,
    limiter: createRateLimiter(services.clock),
    rate,
    places: createPlaces(maxConcurrent),
    stopwatch: () => performance.now(),
  }
  return {
    sandbox: services.shell.sandbox,
    tools,
    find: (name) => byName.get(name),
    sandboxed: services.shell.sandbox !== 'none',
    definitions: () =>
      tools.map(({ name, description, input }) => ({ name, description, input_schema: input })),
    run: async (name, input, caller) => runTool(runner, name, input, caller),
    metrics: () => ({
      tools: metrics.tools(),
      inFlight: metrics.inFlight,
      mostInFlight: metrics.mostInFlight,
      maxConcurrent,
      timeoutMs: services.limits.timeoutMs,
      rate,
    }),
    close() {
      services.jobs.close()
      services.todos.close()
      for (const resource of closes) resource[Symbol.dispose]()
    },
  }
}
