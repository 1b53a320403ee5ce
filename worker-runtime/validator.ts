import { createRequire } from 'node:module'
import type { JsonSchema } from '#core/contract/manifest'
import { isStandardSchema, type Schema, type StandardIssue, type StandardResult } from './schema.ts'

export type Checked = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly message: string }

/** Holds a value to a schema and puts its defaults in. A promise only where the schema itself is asynchronous. */
export type Validator = (value: unknown) => Checked | Promise<Checked>

const issuesTold = 5

export function validatorOf(schema: Schema | undefined): Validator {
  if (schema === undefined) return (value) => ({ ok: true, value })
  if (!isStandardSchema(schema)) return jsonSchemaValidator(schema)
  const { validate } = schema['~standard']
  return (value) => {
    const result = validate(value)
    return result instanceof Promise ? result.then(checkedOf) : checkedOf(result)
  }
}

function checkedOf(result: StandardResult<unknown>): Checked {
  return result.issues === undefined
    ? { ok: true, value: result.value }
    : { ok: false, message: sentence(result.issues.map(issueText), result.issues.length) }
}

function issueText({ message, path }: StandardIssue): string {
  const steps = (path ?? []).map((step) => String(typeof step === 'object' ? step.key : step))
  return steps.length === 0 ? message : `/${steps.join('/')}: ${message}`
}

function sentence(texts: readonly string[], count: number): string {
  const more = count > issuesTold ? ` (and ${count - issuesTold} more)` : ''
  return `${texts.slice(0, issuesTold).join('; ')}${more}`
}

/** ajv is loaded only for a worker that has plain JSON Schema: most have zod and save its start. */
function jsonSchemaValidator(schema: JsonSchema): Validator {
  const load = createRequire(import.meta.url)
  const { Ajv2020 }: typeof import('ajv/dist/2020.js') = load('ajv/dist/2020')
  const { default: addFormats }: typeof import('ajv-formats') = load('ajv-formats')
  const ajv = new Ajv2020({ useDefaults: true, strict: false, allErrors: false })
  addFormats.default(ajv)
  const validate = ajv.compile(schema)
  return (value) => {
    // Defaults are written into the value itself, and only into what an object holds.
    if (validate(value)) return { ok: true, value }
    const errors = validate.errors ?? []
    const texts = errors.map(({ instancePath, message }) => `${instancePath || '/'}: ${message ?? 'does not fit'}`)
    return { ok: false, message: sentence(texts, errors.length) }
  }
}
