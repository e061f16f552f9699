import type { Clock } from '../core/clock.ts'
import { auditArguments } from './audit.ts'
import { ToolFailure } from './failure.ts'
import type { RateLimit, RateLimiter } from './limits.ts'
import type { RunOutcome, ToolMetrics } from './metrics.ts'
import { boundContent } from './output.ts'
import type { Places } from './places.ts'
import type { ToolServices } from './services.ts'
import type { Tool, ToolCaller, ToolContent, ToolContext, ToolResult } from './tool.ts'

/** What the runner needs besides what the tools need. */
export interface Runner {
  readonly tools: ReadonlyMap<string, Tool>
  readonly services: ToolServices
  readonly metrics: ToolMetrics
  readonly limiter: RateLimiter
  /** How often one owner may run tools, all together. */
  readonly rate: RateLimit
  /** Room for so many runs at a time. */
  readonly places: Places
  /** Milliseconds that never go back. */
  readonly stopwatch: () => number
}

/** What stands for all tools that do not exist, in metrics. */
const UNKNOWN_TOOL = 'unknown'

/**
 * The only way to run a tool: find it, check its input, count it against the limits, run it in bounded time, bound
 * what it says, write an audit line. Never throws for what a tool or a model does wrong; throws the signal's reason
 * when the answer is no longer wanted.
 */
export async function runTool(
  runner: Runner,
  name: string,
  input: unknown,
  caller: ToolCaller,
): Promise<ToolResult> {
  const tool = runner.tools.get(name)
  const startedAtMs = runner.stopwatch()
  const end = runner.metrics.begin(tool ? name : UNKNOWN_TOOL)
  let outcome: RunOutcome = 'internal'
  let result: ToolResult = { content: INTERNAL, isError: true }
  try {
    const content = await attempt(runner, tool ?? missing(runner, name), input, caller)
    result = { content, isError: false }
    outcome = 'ok'
  } catch (error) {
    if (caller.signal.aborted) outcome = 'cancelled'
    else if (error instanceof ToolFailure) {
      outcome = error.reason
      result = { content: boundContent(error.message, runner.services.limits.maxOutputChars), isError: true }
    } else caller.log.error('unexpected-error', { tool: name, error })
  } finally {
    const durationMs = Math.round((runner.stopwatch() - startedAtMs) * 10) / 10
    end(outcome, durationMs)
    caller.log.info('tool-run', {
      tool: name,
      owner: caller.owner,
      conversation: caller.conversation,
      outcome,
      duration_ms: durationMs,
      arguments: auditArguments(tool, input),
    })
  }
  if (outcome === 'cancelled') throw caller.signal.reason
  return result
}

const INTERNAL = 'The tool failed because of a fault in the server, which was logged. Try another way.'

const missing = ({ tools }: Runner, name: string): never => {
  throw new ToolFailure(
    'unknown-tool',
    `There is no tool ${name}. There are ${[...tools.keys()].join(', ')}.`,
  )
}

async function attempt(runner: Runner, tool: Tool, given: unknown, caller: ToolCaller): Promise<ToolContent> {
  const { services, places } = runner
  caller.signal.throwIfAborted()
  checkRate(runner, tool, caller)
  const call = tool.check(given)
  const leave = tool.nested ? noPlace : await places.enter(caller.signal)
  try {
    const timeoutMs = tool.timeLimitMs(call.input, services.limits.timeoutMs)
    const content = await inTime(
      services.clock,
      timeoutMs,
      caller.signal,
      `${tool.name} was stopped after ${timeoutMs / 1000} seconds. Ask for less at a time.`,
      async (signal) => call.run({ ...services, ...caller, signal } satisfies ToolContext),
    )
    return boundContent(content, services.limits.maxOutputChars)
  } finally {
    leave()
  }
}

const noPlace = (): void => {}

const MINUTE_MS = 60_000

function checkRate({ limiter, rate }: Runner, tool: Tool, { owner }: ToolCaller): void {
  const met = limiter.take([
    { key: `${owner} all`, ...rate },
    { key: `${owner} ${tool.name}`, limit: tool.perMinute, windowMs: MINUTE_MS },
  ])
  if (!met) return
  const wait = Math.ceil(met.retryAfterMs / 1000)
  throw new ToolFailure(
    'rate-limited',
    `${tool.name} was not run: no more than ${met.limit} runs in ${met.windowMs / 1000} seconds. ` +
      `Go on without it, or try again in ${wait} seconds.`,
  )
}

/** Runs something that has to obey its signal, which fires when the time is up or the caller's own does. */
async function inTime<Result>(
  clock: Clock,
  timeoutMs: number,
  signal: AbortSignal,
  message: string,
  run: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  signal.throwIfAborted()
  const deadline = new AbortController()
  const endsAtMs = clock.now() + timeoutMs
  const stopWatching = clock.watch((nowMs) => {
    if (nowMs >= endsAtMs) deadline.abort(new ToolFailure('timed-out', message))
  })
  const both = AbortSignal.any([signal, deadline.signal])
  const aborted = Promise.withResolvers<never>()
  const onAbort = (): void => aborted.reject(both.reason)
  both.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([run(both), aborted.promise])
  } finally {
    both.removeEventListener('abort', onAbort)
    stopWatching()
  }
}
