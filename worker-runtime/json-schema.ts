import { z } from 'zod'
import type { JsonSchema } from '#core/contract/manifest'
import { isStandardSchema, type Schema, type StandardSchema } from './schema.ts'

/** Turns a command's schema into the JSON Schema of its manifest, or says which field cannot be told in JSON. */

export interface SchemaPlace {
  /** `order.confirm@1`, for messages. */
  readonly command: string
  readonly io: 'input' | 'output'
}

export class SchemaError extends Error {
  override readonly name = 'SchemaError'
}

export function toJsonSchema(schema: Schema, place: SchemaPlace): JsonSchema {
  if (!isStandardSchema(schema)) return plain(schema, place)
  if (isZod(schema)) return fromZod(schema, place)
  return fromOtherLibrary(schema, place)
}

const options = { target: 'draft-2020-12' } as const

function fromZod(schema: z.ZodType, place: SchemaPlace): JsonSchema {
  try {
    return tidy(z.toJSONSchema(schema, { ...options, io: place.io, override: dropPattern }))
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    const field = firstUnrepresentable(schema, place)
    throw new SchemaError(`${where(place)}${field === undefined ? '' : `, field ${field}`}: ${reason}. ${advice}`, {
      cause: error,
    })
  }
}

const advice =
  'A task travels as JSON: use a type that JSON has (an ISO string for a date, a string for a bigint), ' +
  'and transform inside the handler.'

/**
 * A format of zod's comes with a pattern that says the same; the door runs patterns on an engine of linear time without
 * look-around, and knows the formats by itself.
 */
function dropPattern({ jsonSchema }: { readonly jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  if (jsonSchema.format !== undefined) delete jsonSchema.pattern
}

const unrepresentable = new Set(['bigint', 'symbol', 'void', 'date', 'map', 'set', 'transform', 'nan', 'custom'])

/** zod's own message names the type only; a second pass that throws at nothing finds where it stands. */
function firstUnrepresentable(schema: z.ZodType, { io }: SchemaPlace): string | undefined {
  let found: string | undefined
  try {
    z.toJSONSchema(schema, {
      ...options,
      io,
      unrepresentable: 'any',
      override: ({ zodSchema, path }) => {
        if (found === undefined && unrepresentable.has(zodSchema._zod.def.type)) found = pointerOf(path)
      },
    })
  } catch {
    return found
  }
  return found
}

/** Of a path through the JSON Schema only the names of fields mean anything to whoever wrote the zod schema. */
function pointerOf(path: readonly (string | number)[]): string {
  const names: (string | number)[] = []
  for (let index = 0; index < path.length; index++) {
    const part = path[index]
    if (part === 'properties') names.push(path[++index] ?? '')
    else if (part === 'items' || part === 'prefixItems') names.push('[]')
  }
  return `/${names.join('/')}`
}

function fromOtherLibrary(schema: StandardSchema, place: SchemaPlace): JsonSchema {
  const standard: unknown = schema['~standard']
  const converter = standard !== null && typeof standard === 'object' && 'jsonSchema' in standard && standard.jsonSchema
  if (typeof converter === 'object' && converter !== null && place.io in converter) {
    const convert: unknown = Reflect.get(converter, place.io)
    if (typeof convert === 'function') return tidy(convert.call(converter, options))
  }
  const { vendor } = schema['~standard']
  if (vendor === 'zod') throw zod3(place)
  throw new SchemaError(
    `${where(place)}: a schema of ${vendor} without a JSON Schema converter. ` +
      'Use zod 4, a library with Standard JSON Schema, or plain JSON Schema.',
  )
}

/** It cannot tell what it holds in JSON. A worker's own zod may be any copy of version 4. */
function zod3(place: SchemaPlace): SchemaError {
  return new SchemaError(
    `${where(place)}: a schema of zod 3. Use zod 4: \`npm i zod@4\`, or import from 'zod/v4' where 3.25 is installed.`,
  )
}

function plain(schema: JsonSchema, place: SchemaPlace): JsonSchema {
  if (typeof schema === 'boolean') return schema
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) {
    throw new SchemaError(`${where(place)}: expected a zod schema or JSON Schema, found ${typeof schema}.`)
  }
  if ('_def' in schema && 'safeParse' in schema) throw zod3(place)
  // What has a class is the schema of some library; as data it would be nonsense that takes everything.
  const prototype: unknown = Object.getPrototypeOf(schema)
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) {
    throw new SchemaError(
      `${where(place)}: expected a zod schema or JSON Schema as data, found a ${className(schema)}.`,
    )
  }
  return tidy(schema)
}

function className(value: object): string {
  return value.constructor?.name || 'value with a class of its own'
}

/** Data and nothing else, without the dialect's address: the hub reads 2020-12. */
function tidy(schema: unknown): JsonSchema {
  const copy: unknown = JSON.parse(JSON.stringify(schema))
  if (typeof copy === 'boolean') return copy
  const { $schema: _dialect, ...rest } = z.record(z.string(), z.unknown()).parse(copy)
  return rest
}

function isZod(schema: StandardSchema): schema is StandardSchema & z.ZodType {
  return '_zod' in schema
}

function where({ command, io }: SchemaPlace): string {
  return `The ${io} of command ${command} cannot be told as JSON Schema`
}
