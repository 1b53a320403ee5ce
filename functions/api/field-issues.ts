import type { z } from 'zod'
import { ApiError, type ErrorCode, type FieldIssue } from '#core/contract/errors'

/** So many faults of one request are named; the rest shows up when these are mended. */
export const issuesMost = 20

export function pointerPart(key: PropertyKey): string {
  return `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`
}

/** The value as the schema reads it, or an ApiError that names each field at fault. */
export function parseWith<Value>(schema: z.ZodType<Value>, value: unknown, code: ErrorCode): Value {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  throw refusal(code, parsed.error.issues.flatMap(issuesOf))
}

/** A refusal whose detail says the first fault, for people who read no further. */
export function refusal(code: ErrorCode, all: readonly FieldIssue[]): ApiError {
  const issues = all.slice(0, issuesMost)
  const first = issues[0]
  const more = all.length > 1 ? ` (and ${all.length - 1} more)` : ''
  const detail = first === undefined ? 'it does not fit' : `${first.field || 'the body'}: ${first.message}${more}`
  return new ApiError(code, detail, { issues })
}

function issuesOf(issue: z.core.$ZodIssue): readonly FieldIssue[] {
  const field = issue.path.map(pointerPart).join('')
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({ field: `${field}${pointerPart(key)}`, message: 'is not a known field' }))
    case 'invalid_union':
      return [{ field, message: unionMessage(issue) }]
    default:
      return [{ field, message: issue.message }]
  }
}

function unionMessage(issue: z.core.$ZodIssueInvalidUnion): string {
  const each = issue.errors.map((errors) => errors[0]?.message).filter((message) => message !== undefined)
  return each.length === 0 ? issue.message : [...new Set(each)].join('; or: ')
}
