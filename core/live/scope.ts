import type { Head } from '../head.ts'
import type { Ids } from '../ports.ts'
import type { WatchKind } from './watched.ts'

/** What a token lets its holder watch: one life of a task, or all tasks of a subject. */
export type Scope =
  | { readonly kind: 'task'; readonly taskId: string; readonly born: string }
  | { readonly kind: SubjectKind; readonly value: string }

export type SubjectKind = Exclude<WatchKind, 'task'>
export type Subject = Extract<Scope, { kind: SubjectKind }>

export const fieldOfSubject = {
  user: 'userId',
  account: 'accountId',
  correlation: 'correlationId',
} as const satisfies Record<SubjectKind, keyof Head>

const subjectKinds = Object.keys(fieldOfSubject) as readonly SubjectKind[]

/** Two scopes have one key only if they are the same: ids and births have no `#`, values are hashed. */
export function scopeKey(ids: Pick<Ids, 'sha256'>, scope: Scope): string {
  return scope.kind === 'task' ? `task#${scope.taskId}#${scope.born}` : `${scope.kind}#${ids.sha256(scope.value)}`
}

export function scopeOf(head: Head, kind: WatchKind): Scope | undefined {
  if (kind === 'task') return { kind, taskId: head.id, born: head.born }
  const value = head[fieldOfSubject[kind]]
  return value === undefined || value === '' || head.unlisted === true ? undefined : { kind, value }
}

/**
 * The subjects under which a task is found anew by this change: at its birth, when it gets another user or account, and
 * when it is begun anew, since one that had ended bears no mark. Nearly every task is its own correlation, and nobody
 * knows its id before it is there.
 */
export function newSubjects(before: Head | undefined, after: Head, isRevived: boolean): readonly Subject[] {
  if (after.unlisted === true) return []
  const isNew = before === undefined || before.born !== after.born
  return subjectKinds.flatMap((kind) => {
    const field = fieldOfSubject[kind]
    const value = after[field]
    if (value === undefined || value === '') return []
    if (isNew && kind === 'correlation' && value === after.id) return []
    return isNew || isRevived || before[field] !== value ? [{ kind, value }] : []
  })
}
