import { TypeCompiler } from '@sinclair/typebox/compiler'
import { LRUCache } from 'lru-cache'

import { DemoRequest } from './conversation.ts'
import { errorResponse } from './error.ts'
import { MODELS, priceOf } from './models.ts'
import { type Tally, planTurn } from './plan.ts'
import { type Sleep, play } from './play.ts'
import { toScore } from './score.ts'
import type { ErrorStep } from './script.ts'
import { createPromptMeter, usageOf } from './usage.ts'

export interface DemoOptions {
  /** How the demo lets time pass; a timer by default. */
  readonly sleep?: Sleep
}

/** Answers HTTP requests as OpenRouter would. Rejects only when the request's signal fires, as `fetch` does. */
export type Demo = (request: Request) => Promise<Response>

/** A time that never changes, so that the same request gets the same answer. */
const CREATED = Date.UTC(2026, 0, 1) / 1000
const USUAL_MODEL = 'anthropic/claude-sonnet-4'
const REMEMBERED_TURNS = 4096

const requestCheck = TypeCompiler.Compile(DemoRequest)

/**
 * The built-in stand-in for OpenRouter: the same requests get the same answers, made up here or written by a
 * script inside the conversation. It keeps a bounded memory of prompt prefixes and of errors already given.
 */
export const createDemo = ({ sleep = timer }: DemoOptions = {}): Demo => {
  const measurePrompt = createPromptMeter()
  const tally = createTally()
  let served = 0

  const complete = async (body: string, signal: AbortSignal): Promise<Response> => {
    const reading = readRequest(body)
    if ('refusal' in reading) return errorResponse(reading.refusal)
    const { request, model } = reading
    const plan = planTurn(model, request, tally)
    if ('fault' in plan) return errorResponse({ status: 400, message: plan.fault })
    const beats = toScore({
      model,
      request,
      steps: plan.steps,
      usageOf: ({ message }) => usageOf(measurePrompt(model, request), message, priceOf(model)),
    })
    const id = `gen-demo-${Bun.hash(body, served++).toString(36)}`
    const head = { id, provider: 'Demo', model, created: CREATED }
    return play(beats, { head, streamed: request.stream === true, sleep, signal })
  }

  return async (request) => {
    const route = `${request.method} ${new URL(request.url).pathname}`
    if (COMPLETIONS.test(route)) return complete(await request.text(), request.signal)
    return MODEL_LIST.test(route) ? Response.json({ data: MODELS }) : errorResponse(NOT_FOUND)
  }
}

const COMPLETIONS = /^POST .*\/chat\/completions$/
const MODEL_LIST = /^GET .*\/models$/
const NOT_FOUND: ErrorStep = { status: 404, message: 'Not Found' }

type Reading = { readonly request: DemoRequest; readonly model: string } | { readonly refusal: ErrorStep }

const readRequest = (body: string): Reading => {
  const request = parseJson(body)
  if (!requestCheck.Check(request)) return { refusal: { status: 400, message: faultOf(request) } }
  const model = request.model ?? USUAL_MODEL
  const message = missingModel(model)
  return message ?? { request, model }
}

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const faultOf = (request: unknown): string => {
  const error = requestCheck.Errors(request).First()
  if (!error || error.path === '') return 'The request body must be a JSON object'
  if (error.path === '/messages') return 'Input required: specify "prompt" or "messages"'
  return `${error.path.slice(1).replaceAll('/', '.')}: ${error.message}`
}

/** Ids that play a model which nobody has, in OpenRouter's two wordings. */
const missingModel = (model: string): { readonly refusal: ErrorStep } | undefined => {
  if (model.startsWith('demo/missing-endpoints'))
    return { refusal: { status: 404, message: `No endpoints found for ${model}.` } }
  if (model.startsWith('demo/missing'))
    return { refusal: { status: 400, message: `${model} is not a valid model ID` } }
  return undefined
}

const createTally = (): Tally => {
  const counts = new LRUCache<bigint, number>({ max: REMEMBERED_TURNS })
  return (name) => {
    const key = BigInt(Bun.hash(name))
    const count = (counts.get(key) ?? 0) + 1
    counts.set(key, count)
    return count
  }
}

const timer: Sleep = async (ms, signal) =>
  new Promise((resolve, reject) => {
    const done = new AbortController()
    const timeout = setTimeout(() => {
      done.abort()
      resolve()
    }, ms)
    const giveUp = (): void => {
      clearTimeout(timeout)
      reject(signal.reason)
    }
    signal.addEventListener('abort', giveUp, { once: true, signal: done.signal })
  })
