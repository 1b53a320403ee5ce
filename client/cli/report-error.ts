import { TaskuraiError } from '../error.ts'

/** Errors in the words of the CLI: what happened, and what to do about it. */

const hints: Readonly<Partial<Record<TaskuraiError['code'], string>>> = {
  'unknown-command': 'See what can be submitted with: taskurai commands',
  'invalid-arguments': 'See what the command takes with: taskurai commands <name>',
  'idempotency-conflict': 'Take another --key, or leave it out.',
  'too-many': 'Try again later.',
  unavailable: 'Try again later.',
}

export function errorText(error: unknown): string {
  if (!(error instanceof TaskuraiError)) return error instanceof Error ? error.message : String(error)
  const hint = hints[error.code]
  const later =
    error.retryAfterSeconds === undefined ? hint : `Try again in ${Math.ceil(error.retryAfterSeconds)} seconds.`
  return later === undefined ? error.message : `${error.message}\n${later}`
}

export function errorJson(error: unknown): { readonly error: Readonly<Record<string, unknown>> } {
  if (!(error instanceof TaskuraiError)) return { error: { code: 'unexpected', message: errorText(error) } }
  const { code, status, detail, issues, retryAfterSeconds } = error
  return {
    error: {
      code,
      ...(status === undefined ? {} : { status }),
      message: detail,
      ...(issues.length === 0 ? {} : { issues }),
      ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    },
  }
}
