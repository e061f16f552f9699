import { jsonrepair } from 'jsonrepair'

import { JSON_START, missingBrackets, scanJson } from '../json-scan.ts'
import { isJson, parseObject } from '../partial-json.ts'
import type { RepairKind } from './kind.ts'

/** The JSON text of an object, and what had to be done for it. */
export interface ObjectText {
  readonly json: string
  readonly kinds: readonly RepairKind[]
}

/**
 * The object that the text of a call's arguments means; undefined for text that means none, or may mean several.
 * Absent arguments, `null` and `[]` are `{}` (openrouter §5.3, q10). With `isCut` nothing is completed or put right.
 */
export function toObjectText(given: string, isCut: boolean): ObjectText | undefined {
  const text = given.trim()
  if (text === '' || text === 'null' || text === '[]') return { json: '{}', kinds: [] }
  if (parseObject(text)) return { json: text, kinds: [] }
  // Some servers encode the argument text twice.
  const inner = parseString(text)
  if (inner !== undefined) return withKind('encoded', toObjectText(inner, isCut))
  if (isCut) return undefined
  const fenced = FENCE.exec(text)?.[1]
  if (fenced !== undefined) return withKind('syntax', toObjectText(fenced, isCut))
  const json = repairJson(text)
  return json !== undefined && parseObject(json) ? { json, kinds: ['syntax'] } : undefined
}

const FENCE = /^```\w*\s([^]*)```$/

const withKind = (kind: RepairKind, meant: ObjectText | undefined): ObjectText | undefined =>
  meant && { json: meant.json, kinds: [...new Set([kind, ...meant.kinds])] }

function parseString(text: string): string | undefined {
  if (!text.startsWith('"')) return undefined
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'string' ? value : undefined
  } catch {
    return undefined
  }
}

/** The JSON value that a text is, or means without a doubt; undefined for any other text. */
export function parseLoosely(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    const json = repairJson(text)
    return json === undefined ? undefined : JSON.parse(json)
  }
}

/** Valid JSON for a text whose words are beyond doubt: only its quotes, commas, brackets and literals are put right. */
function repairJson(text: string): string | undefined {
  const closed = text + missingBrackets(scanJson(JSON_START, text).scan)
  if (isJson(closed)) return closed
  if (!isUnambiguous(text)) return undefined
  try {
    return repairStructure(text)
  } catch {
    return undefined
  }
}

/** Numbers stand for the words meanwhile: what strings contain must not be taken for punctuation. */
function repairStructure(text: string): string | undefined {
  const words: string[] = []
  const structure = jsonrepair(text.replaceAll(WORDS, (word) => `"${words.push(toJson(word)) - 1}"`))
  if (OTHER_WORDS.test(structure.replaceAll(NUMBERED, ''))) return undefined
  const places = Array.from(structure.matchAll(NUMBERED), ([, at]) => Number(at))
  const isSame = places.length === words.length && places.every((place, at) => place === at)
  const json = structure.replaceAll(NUMBERED, (_, at: string) => words[Number(at)] ?? '')
  return isSame && isJson(json) ? json : undefined
}

const NUMBERED = /"(\d+)"/g
const OTHER_WORDS = /[^\s{}[\],:]/

/** Strings with escapes that JSON knows, raw line breaks allowed. */
const DOUBLE_QUOTED = String.raw`"[^"\\]*(?:\\(?:["\\/bfnrt]|u[\da-fA-F]{4})[^"\\]*)*"`
const SINGLE_QUOTED = String.raw`'[^'\\]*(?:\\(?:['"\\/bfnrt]|u[\da-fA-F]{4})[^'\\]*)*'`
const NUMBER = String.raw`-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?`
const LITERAL = '(?:true|false|null|True|False|None)'
const BARE_KEY = String.raw`[A-Za-z_$][\w$]*(?=\s*:)`
/** Each stands before punctuation, or it might be a part of something longer, such as a quote within a string. */
const VALUE = String.raw`(?:${DOUBLE_QUOTED}|${SINGLE_QUOTED}|${NUMBER}|${LITERAL})(?=\s*(?:[,:}\]]|$))`
const WORD = `${VALUE}|${BARE_KEY}`
const PUNCTUATION = String.raw`[{}[\]]|:(?=\s*[^\s,:}\]])|,(?=\s*[^\s,:])`
const TOKEN = String.raw`${WORD}|${PUNCTUATION}|\s+`
const WORDS = new RegExp(WORD, 'g')

/** Text of which every word has one reading. Not so what ends within a string, or where a value must follow. */
function isUnambiguous(text: string): boolean {
  // Sticky: a search would try every place of a text that has no token.
  const tokens = new RegExp(TOKEN, 'y')
  while (tokens.lastIndex < text.length) if (!tokens.test(text)) return false
  return true
}

/** A word as JSON writes it. */
function toJson(word: string): string {
  if (/^["']/.test(word)) return `"${word.slice(1, -1).replaceAll(ODD_PARTS, escapePart)}"`
  return LITERALS.get(word) ?? (/^[-\d]/.test(word) ? word : `"${word}"`)
}

/** Escapes, and what should have been one: in single quotes a double quote, everywhere line breaks and the like. */
const ODD_PARTS = /\\[^]|["\p{Cc}]/gu

function escapePart(part: string): string {
  if (part === "\\'") return "'"
  return part.startsWith('\\') ? part : JSON.stringify(part).slice(1, -1)
}

const LITERALS: ReadonlyMap<string, string> = new Map([
  ['true', 'true'],
  ['True', 'true'],
  ['false', 'false'],
  ['False', 'false'],
  ['null', 'null'],
  ['None', 'null'],
])
