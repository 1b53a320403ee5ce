import { type ErrorCode, errorTable, type FieldIssue, isErrorCode } from '../core/contract/errors.ts'

/** What a refusing answer says, whoever gave it: the hub in problem+json, or a gateway before it in a form of its own. */
export interface ReadProblem {
  readonly code: ErrorCode
  readonly detail: string
  readonly issues: readonly FieldIssue[]
}

const issuesMost = 100
const quotedChars = 200

export function readProblem(status: number, text: string): ReadProblem {
  const body = parse(text)
  const code = isErrorCode(body.code) ? body.code : codeOfStatus(status)
  const said = [body.detail, body.title, body.message].find((part) => typeof part === 'string' && part !== '')
  const quoted = text.trim() === '' ? '' : `: ${text.trim().slice(0, quotedChars)}`
  const detail = typeof said === 'string' ? said : `${errorTable[code].title} (HTTP ${status})${quoted}`
  return { code, detail, issues: Array.isArray(body.issues) ? body.issues.slice(0, issuesMost).flatMap(issue) : [] }
}

function parse(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    return isRecord(value) ? value : {}
  } catch {
    return {}
  }
}

function issue(value: unknown): FieldIssue[] {
  if (!isRecord(value) || typeof value.message !== 'string') return []
  return [{ field: typeof value.field === 'string' ? value.field : '', message: value.message }]
}

function codeOfStatus(status: number): ErrorCode {
  const plain: Partial<Record<number, ErrorCode>> = {
    401: 'forbidden',
    403: 'forbidden',
    404: 'not-found',
    405: 'method-not-allowed',
    409: 'conflict',
    413: 'too-large',
    422: 'invalid',
    429: 'too-many',
    502: 'unavailable',
    503: 'unavailable',
    504: 'unavailable',
  }
  return plain[status] ?? (status >= 500 ? 'internal' : 'bad-request')
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
