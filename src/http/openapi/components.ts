import type { TSchema } from '@sinclair/typebox'

import { Failure, type FailureKind } from '../../core/errors.ts'
import {
  DeletedMessageBatch,
  MessageBatch,
  MessageBatchList,
  MessageBatchRequest,
  MessageBatchRow,
} from '../../wire/anthropic/batches.ts'
import { CacheControl } from '../../wire/anthropic/cache-control.ts'
import {
  ContentBlock,
  DocumentBlock,
  ImageBlock,
  RedactedThinkingBlock,
  SearchResultBlock,
  TextBlock,
  ThinkingBlock,
  ToolReferenceBlock,
  ToolResultBlock,
  ToolResultContent,
  ToolUseBlock,
} from '../../wire/anthropic/content.ts'
import { ErrorResponse } from '../../wire/anthropic/errors.ts'
import { DeletedFile, FileList, FileMetadata } from '../../wire/anthropic/files.ts'
import { ModelInfo, ModelList } from '../../wire/anthropic/models.ts'
import {
  CountTokensRequest,
  CountTokensResponse,
  Message,
  MessagesRequest,
  OutputConfig,
  Thinking,
} from '../../wire/anthropic/request.ts'
import {
  AnswerBlock,
  AnswerRedactedThinking,
  AnswerText,
  AnswerThinking,
  AnswerToolUse,
  MessageResponse,
  StopDetails,
  Usage,
} from '../../wire/anthropic/response.ts'
import {
  CustomTool,
  OpenRouterTool,
  OwnTool,
  ServerTool,
  Tool,
  ToolChoice,
  Toolset,
  TypedClientTool,
} from '../../wire/anthropic/tools.ts'
import { ChatOptions } from '../../wire/openrouter/options.ts'
import { Plugin } from '../../wire/openrouter/plugins.ts'
import { ProviderPreferences } from '../../wire/openrouter/provider.ts'
import { ReasoningOptions } from '../../wire/openrouter/reasoning.ts'
import { ShortBatch, ShortBatchRequest } from '../../wire/server/batches.ts'
import { CacheCleanedUp, CacheCleared, CacheStatistics } from '../../wire/server/cache.ts'
import { DebugError, DebugErrorList, DebugErrorStats } from '../../wire/server/errors.ts'
import { DetailedHealth, Readiness } from '../../wire/server/health.ts'
import {
  ApiKey,
  ApiKeyList,
  CreatedApiKey,
  CreateKeyRequest,
  EditKeyRequest,
} from '../../wire/server/keys.ts'
import {
  BatchOverview,
  ModelOverview,
  ServerOverview,
  SwitchModelsRequest,
  UpstreamOverview,
} from '../../wire/server/operation.ts'
import {
  ActiveRun,
  ActiveRuns,
  Run,
  RunList,
  RunRecording,
  RunStep,
  RunSummary,
  RunSums,
} from '../../wire/server/runs.ts'
import { ToolMetrics } from '../../wire/server/tools.ts'
import { UsageReport } from '../../wire/server/usage.ts'
import { toEnvelope } from '../respond.ts'
import { ref } from './operation.ts'

/**
 * The constants that requests are checked by and answers are typed by, under their names in the document. A constant
 * that stands here is referred to wherever another one holds it; all others are written out in their place.
 */
export const SCHEMAS = {
  MessagesRequest,
  CountTokensRequest,
  CountTokensResponse,
  Message: MessageResponse,
  MessageBatchRequest,
  MessageBatch,
  MessageBatchList,
  MessageBatchRow,
  DeletedMessageBatch,
  ShortBatchRequest,
  ShortBatch,
  ModelInfo,
  ModelList,
  ErrorResponse,
  InputMessage: Message,
  ContentBlock,
  TextBlock,
  ImageBlock,
  DocumentBlock,
  SearchResultBlock,
  ThinkingBlock,
  RedactedThinkingBlock,
  ToolUseBlock,
  ToolResultBlock,
  ToolResultContent,
  ToolReferenceBlock,
  CacheControl,
  Tool,
  CustomTool,
  TypedClientTool,
  ServerTool,
  Toolset,
  OpenRouterTool,
  OwnTool,
  ToolChoice,
  Thinking,
  OutputConfig,
  AnswerBlock,
  AnswerText,
  AnswerThinking,
  AnswerRedactedThinking,
  AnswerToolUse,
  StopDetails,
  Usage,
  ChatOptions,
  ProviderPreferences,
  ReasoningOptions,
  Plugin,
  FileMetadata,
  FileList,
  DeletedFile,
  CacheStatistics,
  CacheCleared,
  CacheCleanedUp,
  ToolMetrics,
  ApiKey,
  ApiKeyList,
  CreatedApiKey,
  CreateKeyRequest,
  EditKeyRequest,
  Run,
  RunList,
  RunStep,
  ActiveRun,
  ActiveRuns,
  RunSummary,
  RunSums,
  RunRecording,
  UsageReport,
  ServerOverview,
  UpstreamOverview,
  ModelOverview,
  SwitchModelsRequest,
  BatchOverview,
  DetailedHealth,
  Readiness,
  DebugError,
  DebugErrorList,
  DebugErrorStats,
} as const satisfies Readonly<Record<string, TSchema>>
export type SchemaName = keyof typeof SCHEMAS

/** What the operations refer to. */
export const toComponents = () => ({
  schemas: toSchemas(),
  responses: {
    ...Object.fromEntries(
      Object.entries(FAILURE_MEANINGS).map(([kind, meaning]) => [
        kind,
        toResponse(new Failure(kind as FailureKind, meaning)),
      ]),
    ),
    failure: {
      description: 'Any other failure, in the same form',
      content: { 'application/json': { schema: ref('ErrorResponse') } },
    },
  },
  securitySchemes: SECURITY_SCHEMES,
})

const FAILURE_MEANINGS: Readonly<Record<FailureKind, string>> = {
  invalid_request_error: 'The request is wrong; the message begins with the place of the fault',
  authentication_error: 'The key is missing or unknown',
  billing_error: "The upstream account's credit is used up",
  permission_error: 'The key, or the web page that asks, may not do this',
  not_found_error: 'What was asked for does not exist',
  conflict_error: 'The thing is in a state that does not allow this',
  request_too_large: 'The body is larger than the server accepts',
  rate_limit_error: 'Too many requests; retry-after says how long to wait',
  api_error: 'Something unexpected went wrong, here or upstream',
  timeout_error: 'The upstream took too long',
  overloaded_error: 'The upstream has no room at present',
}

const SECURITY_SCHEMES = {
  apiKey: {
    type: 'apiKey',
    in: 'header',
    name: 'x-api-key',
    description: 'A client key or the admin key; any value, or none, where the server has no keys.',
  },
  bearer: {
    type: 'http',
    scheme: 'bearer',
    description: 'The same key in the authorization header.',
  },
}

const toResponse = (failure: Failure) => ({
  description: `${failure.message} (\`${failure.kind}\`)`,
  content: {
    'application/json': {
      schema: ref('ErrorResponse'),
      example: toEnvelope(failure, 'req_0123456789abcdef0123456789abcdef'),
    },
  },
})

function toSchemas(): Record<string, unknown> {
  const entries = Object.entries(SCHEMAS) as Array<[SchemaName, TSchema]>
  const names = new Map<unknown, SchemaName>(entries.map(([name, schema]) => [schema, name]))
  const write = (value: unknown): unknown => {
    const name = names.get(value)
    return name === undefined ? writeOut(value) : ref(name)
  }
  const writeOut = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(write)
    if (typeof value !== 'object' || value === null) return value
    // In a document an `$id` is a base URL, against which every reference below it would lead elsewhere.
    const fields = Object.entries(value).filter(([key]) => key !== '$id')
    return Object.fromEntries(fields.map(([key, field]) => [key, write(field)]))
  }
  return Object.fromEntries(entries.map(([name, schema]) => [name, writeOut(schema)]))
}
