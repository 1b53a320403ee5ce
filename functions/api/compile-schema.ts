import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js'
import ajvFormats from 'ajv-formats'
import type { FieldIssue } from '#core/contract/errors'
import type { JsonSchema } from '#core/contract/manifest'
import { canonicalJson } from './canonical.ts'
import { pointerPart } from './field-issues.ts'
import { compilePattern } from './patterns.ts'

/** What is wrong with a value; empty when it fits. */
export type Check = (value: unknown) => readonly FieldIssue[]

const urlChars = 2_048
const rootId = 'urn:taskurai:schema'

const ajv = createAjv()

/** Compiles a schema (JSON Schema 2020-12) once. Throws on one that is none. */
export function compileSchema(schema: JsonSchema): Check {
  const validate = compile(schema)
  return (value) => {
    try {
      if (validate(value) === true) return []
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      return [{ field: '', message: 'cannot be checked: the schema of this command refers to itself without end' }]
    }
    return (validate.errors ?? []).map(issueOf)
  }
}

function compile(schema: JsonSchema): ValidateFunction {
  if (typeof schema === 'boolean') return ajv.compile(schema)
  // Every dialect that workers write is read as 2020-12; what does not fit is told by the meta schema.
  const { $schema, ...rest } = schema
  // Without an id of its own ajv does not find the root that `$ref: "#"` means, as recursive schemas of zod have it.
  const own = { ...rest, $id: rootId }
  try {
    return ajv.compile(own)
  } finally {
    // The catalog keeps what it needs; ajv would keep every schema of every registration for ever, also a bad one.
    ajv.removeSchema(own)
  }
}

function createAjv(): Ajv2020 {
  const engine = Object.assign(
    (source: string) => {
      const outcome = compilePattern(source)
      if (!outcome.ok) throw new Error(`the pattern ${source} ${outcome.message}`)
      return outcome.pattern
    },
    { code: 'compilePattern' },
  )
  const created = new Ajv2020({ strict: false, logger: false, addUsedSchema: false, code: { regExp: engine } })
  ajvFormats.default(created)
  // The usual pattern backtracks; in the square of so few characters that is nothing.
  const isUrl = ajvFormats.default.get('url')
  created.addFormat('url', (text) => text.length <= urlChars && isUrl instanceof RegExp && isUrl.test(text))
  // The usual one compares all with all, which a stranger's long array would make take minutes.
  created.removeKeyword('uniqueItems')
  created.addKeyword({
    keyword: 'uniqueItems',
    type: 'array',
    schemaType: 'boolean',
    error: { message: 'must have no two equal items' },
    validate: (isUnique: boolean, items: readonly unknown[]) =>
      !isUnique || new Set(items.map(canonicalJson)).size === items.length,
  })
  return created
}

function issueOf(error: ErrorObject): FieldIssue {
  const at = error.instancePath
  switch (error.keyword) {
    case 'required':
      return { field: at + pointerPart(String(error.params.missingProperty)), message: 'is missing' }
    case 'additionalProperties':
      return { field: at + pointerPart(String(error.params.additionalProperty)), message: 'is not a known field' }
    case 'unevaluatedProperties':
      return { field: at + pointerPart(String(error.params.unevaluatedProperty)), message: 'is not a known field' }
    case 'enum':
      return { field: at, message: `must be one of ${short(error.params.allowedValues)}` }
    case 'const':
      return { field: at, message: `must be ${short(error.params.allowedValue)}` }
    default:
      return { field: at, message: error.message ?? `fails ${error.keyword}` }
  }
}

const valueChars = 200

function short(value: unknown): string {
  const text = JSON.stringify(value)
  return text.length > valueChars ? `${text.slice(0, valueChars)}…` : text
}
