import type { SchemaCalibration } from './calibration.ts'
import { NO_PARTS, type Parts, jsonOf, merge, partsOf } from './parts.ts'

interface JsonSchema {
  readonly description?: unknown
  readonly enum?: unknown
  readonly properties?: unknown
  readonly items?: unknown
  readonly [keyword: string]: unknown
}

/** Keywords that are counted one by one or that the calibrated framing contains; all others count as their JSON. */
const FRAMED_KEYWORDS = new Set([
  '$schema',
  'additionalProperties',
  'description',
  'enum',
  'items',
  'properties',
  'required',
  'type',
])

/** Deeper than this a schema counts as its JSON. */
const MAX_DEPTH = 16

/** What a tool's input schema adds: a frame for each property, and names, descriptions and values as text. */
export function schemaParts(schema: JsonSchema, calibration: SchemaCalibration, depth = 0): Parts {
  const properties = isObject(schema.properties) ? Object.entries(schema.properties) : []
  return merge([
    partsOf(otherKeywords(schema)),
    ...properties.map(([name], index) =>
      partsOf([name], index === 0 ? calibration.firstProperty : calibration.furtherProperty),
    ),
    ...properties.map(([, property]) => propertyParts(property, calibration, depth + 1)),
  ])
}

function propertyParts(property: unknown, calibration: SchemaCalibration, depth: number): Parts {
  if (!isObject(property) || depth > MAX_DEPTH) return partsOf([jsonOf(property)])
  return merge([
    descriptionParts(property, calibration),
    enumParts(property, calibration),
    isObject(property.properties) ? partsOf([], calibration.nestedObject) : NO_PARTS,
    schemaParts(property, calibration, depth),
    itemsParts(property, calibration, depth),
  ])
}

const descriptionParts = ({ description }: JsonSchema, calibration: SchemaCalibration): Parts =>
  typeof description === 'string' ? partsOf([description], calibration.propertyDescription) : NO_PARTS

const enumParts = (property: JsonSchema, calibration: SchemaCalibration): Parts =>
  Array.isArray(property.enum)
    ? partsOf(
        property.enum.map((value) => jsonOf(value)),
        calibration.enumeration,
      )
    : NO_PARTS

function itemsParts({ items }: JsonSchema, calibration: SchemaCalibration, depth: number): Parts {
  if (items === undefined) return NO_PARTS
  const { arrayOfObjects, nestedObject } = calibration
  const holdsObjects = isObject(items) && isObject(items.properties)
  return merge([
    partsOf([], holdsObjects ? arrayOfObjects - nestedObject : 0),
    propertyParts(items, calibration, depth + 1),
  ])
}

const otherKeywords = (schema: JsonSchema): readonly string[] =>
  Object.entries(schema)
    .filter(([keyword]) => !FRAMED_KEYWORDS.has(keyword))
    .map((entry) => jsonOf(entry))

const isObject = (value: unknown): value is JsonSchema =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
