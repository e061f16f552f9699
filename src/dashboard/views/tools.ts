import type { ToolMetrics } from '../../wire/server/tools.ts'
import { h } from '../dom.ts'
import { figures } from '../figures.ts'
import { count, duration, percent } from '../format.ts'
import { polledView } from '../polled-view.ts'
import { statusLabel } from '../status.ts'
import { table } from '../table.ts'
import type { View } from '../view.ts'

type Tool = ToolMetrics['tools'][string]

/** The tools that the server runs for models, and how that goes. */
export const toolsView = (): View =>
  polledView<ToolMetrics>('Tools', '/tool-metrics', 5000, ({ tool_execution: execution, tools }) => {
    if (!execution.enabled)
      return [
        h(
          'p.notice',
          {},
          'The server runs no tools itself; clients run theirs. TOOL_EXECUTION_ENABLED=true changes that.',
        ),
      ]
    const { metrics } = execution
    return [
      figures('Since the start', [
        [
          'Runs',
          count(metrics.total_executions),
          `${count(metrics.in_flight)} under way, at most ${count(metrics.max_concurrent_executions)} at once`,
        ],
        [
          'Worked',
          metrics.success_rate === null ? '–' : percent(metrics.success_rate),
          `${count(metrics.failed_executions)} failed, ${count(metrics.cancelled_executions)} cancelled`,
        ],
        [
          'Time limit',
          duration(execution.execution_timeout * 1000),
          `${count(execution.max_concurrent_tools)} at once`,
        ],
        [
          'Sandbox',
          execution.sandbox ?? 'none',
          `${count(execution.rate_limit_max_requests)} runs in ${duration(execution.rate_limit_window * 1000)}`,
        ],
      ]),
      h('h3', {}, 'By tool'),
      table(
        'Tools',
        ['Tool', 'Runs', 'Worked', 'Mean', 'Half within', '95 % within', 'Under way', 'Failures'],
        Object.entries(tools).map(([name, tool]) => [
          tool.failures > 0
            ? statusLabel('error', name)
            : statusLabel(tool.executions > 0 ? 'ok' : 'waiting', name),
          count(tool.executions),
          tool.success_rate === null ? '–' : percent(tool.success_rate),
          ...[tool.mean_ms, tool.p50_ms, tool.p95_ms].map((ms) =>
            tool.executions === 0 ? '–' : duration(ms),
          ),
          count(tool.in_flight),
          reasonsOf(tool),
        ]),
        [1, 2, 3, 4, 5, 6],
      ),
    ]
  })

const reasonsOf = ({ error_breakdown: reasons }: Tool): string =>
  Object.entries(reasons)
    .map(([reason, times]) => `${reason.replaceAll('_', ' ')} ${times}`)
    .join(', ') || '–'
