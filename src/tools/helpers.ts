import type { ToolContent } from './tool.ts'

/** What somebody wants to know from the web. */
export interface WebQuestion {
  readonly query: string
  readonly allowedDomains: readonly string[]
  readonly blockedDomains: readonly string[]
}

/** A piece of work for another agent. */
export interface AgentTask {
  readonly description: string
  readonly prompt: string
  /** What kind of agent, which decides about its tools. */
  readonly kind: 'general-purpose' | 'explore'
}

/** What only the answer that a tool runs for can do. Each rejects with a `ToolFailure` that tells the model why not. */
export interface ToolHelpers {
  searchWeb(question: WebQuestion): Promise<ToolContent>
  fetchPage(url: string): Promise<ToolContent>
  runAgent(task: AgentTask): Promise<string>
}
