import { limits, spans } from '../contract/limits.ts'
import type { Json } from '../contract/names.ts'
import type { NewTask, When } from '../contract/new-task.ts'
import type { Retry } from '../contract/task.ts'
import type { HeldFile } from '../files/held-file.ts'
import { wireNew } from '../flow/dependencies.ts'
import { isOpenDependent, listWrite } from '../flow/dependency-items.ts'
import type { Flow } from '../flow/flow.ts'
import { dueOf } from '../guard.ts'
import type { Head } from '../head.ts'
import { draftOf } from '../head-draft.ts'
import { bellFor, headItem, headOf, splitBody } from '../layout.ts'
import type { Condition, Write } from '../ports.ts'
import { defaultRetry } from '../retry.ts'
import type { Principal, World } from '../world.ts'
import type { Bulk } from './bulk/bulk.ts'

/** What the registry says of the command that a task asks for; its arguments have been checked at the door. */
export interface ResolvedCommand {
  readonly worker: string
  readonly name: string
  readonly version: number
  readonly retry?: Retry | undefined
  readonly timeoutSeconds?: number | undefined
  readonly leaseSeconds?: number | undefined
  readonly runsOnCancel?: true | undefined
}

export interface Creation {
  /** What it depends on are ids here: refs are a matter of the door. */
  readonly task: NewTask
  readonly command: ResolvedCommand
  readonly by: Principal
  /** The id is derived from the caller's key where there is one (protocol 29), else fresh. */
  readonly id: string
  /** Hash of the caller's own request; present exactly when the id comes from a key. */
  readonly requestHash?: string | undefined
  /** Length of the arguments' JSON, measured at the door. */
  readonly argumentsBytes: number
  /** Of a sub task: where it belongs. */
  readonly flow?: Flow | undefined
  /** Its files, and the birth they are held under. */
  readonly held?: { readonly born: string; readonly files: readonly HeldFile[] } | undefined
  readonly planned?: Planned | undefined
  /** Of one that the hub works off by itself: it runs from the first moment. */
  readonly bulk?: Bulk | undefined
}

/** Of one task of a batch that is accepted: whoever makes it makes the same life of it (protocol 27). */
export interface Planned {
  readonly born: string
  /** When the batch was accepted. */
  readonly at: number
  readonly batchId: string
  /** Others of the batch depend on it. */
  readonly isAwaited: boolean
  /** All that it depends on is of the batch, whose notes of who waits for whom stand already. */
  readonly isWired: boolean
}

export type CreateOutcome =
  | { readonly kind: 'created'; readonly head: Head }
  /** The same request came before: here is its task, whatever became of it. */
  | { readonly kind: 'existing'; readonly head: Head }
  /** The key was used for another request. */
  | { readonly kind: 'clash'; readonly head: Head }
  | { readonly kind: 'invalid'; readonly field: string; readonly message: string }

/** How often a place may change hands between two tries, which takes a removal or another caller each time. */
const triesMost = 4

/** Bell first, head second, answer third (protocol 8): whatever is accepted has a bell or a due. */
export async function createTask(world: World, creation: Creation): Promise<CreateOutcome> {
  const now = world.clock.now()
  const writer = world.ids.token()
  const fresh = newHead(world, creation, now, writer)
  if (creation.planned === undefined && closesEarly(fresh)) {
    return { kind: 'invalid', field: '/notStartAfter', message: 'lies before the task may start' }
  }
  const { head, before: body } = splitBody(world.store, fresh, creation.argumentsBytes)
  const before = isOpenDependent(head) ? [...body, dependenciesWrite(head, creation)] : body
  const bells = head.status === 'queued' ? [bellFor(head, Math.max(0, (head.startAfter ?? 0) - now))] : []
  const item = headItem(head)
  let condition: Condition = { kind: 'absent' }
  for (let tries = 0; tries < triesMost; tries++) {
    const outcome = await world.store.commit({ write: { kind: 'put', item, condition }, before, bells })
    if (outcome.kind === 'written') {
      const isToBeWired = isOpenDependent(head) && creation.planned === undefined
      return { kind: 'created', head: isToBeWired ? await wireNew(world, head) : head }
    }
    const standing = outcome.current === undefined ? undefined : headOf(outcome.current)
    // Our own try, whose answer was lost: it may have been claimed since, so its birth tells, not its writer.
    if (standing?.born === head.born) return { kind: 'created', head: standing }
    if (standing !== undefined && (standing.expiresAt ?? now + 1) > now) return sameRequest(standing, creation)
    // Its retention is over, removed or not: a new life may take the place (protocol 30).
    condition = standing === undefined ? { kind: 'absent' } : { kind: 'at', born: standing.born, n: standing.n }
  }
  throw new Error(`task ${head.id}: its place changed ${triesMost} times in a row`)
}

function closesEarly({ notStartAfter, startAfter = 0, createdAt }: Head): boolean {
  return notStartAfter !== undefined && notStartAfter < Math.max(createdAt, startAfter)
}

function sameRequest(standing: Head, creation: Creation): CreateOutcome {
  const kind = standing.requestHash === creation.requestHash ? 'existing' : 'clash'
  return { kind, head: standing }
}

function dependenciesWrite(head: Head, { task, planned }: Creation): Write {
  return listWrite(head, { on: dependenciesOf(task), batchId: planned?.batchId })
}

/** Each counts once. */
function dependenciesOf({ dependsOn }: NewTask): readonly string[] {
  return dependsOn === undefined ? [] : [...new Set(dependsOn)]
}

function flowOf({ task, flow, planned, command: { runsOnCancel } }: Creation): Flow | undefined {
  const { isolationKey, onDependencyFailure: onFailure = 'fail' } = task
  const count = dependenciesOf(task).length
  const isPlain = count === 0 && isolationKey === undefined && runsOnCancel === undefined
  if (isPlain && planned === undefined) return flow
  const own: Flow = {
    ...flow,
    ...(runsOnCancel === undefined ? {} : { runsOnCancel }),
    ...(isolationKey === undefined ? {} : { isolationKey }),
    ...(count === 0 ? {} : { dependencies: { count, onFailure, isOpen: true } }),
    ...(planned?.isAwaited === true ? { isAwaited: true } : {}),
  }
  return Object.keys(own).length === 0 ? undefined : own
}

function statusOf(flow: Flow | undefined, delayMs: number): 'waiting' | 'queued' {
  return flow?.dependencies?.isOpen === true || delayMs > spans.bellDelayMs ? 'waiting' : 'queued'
}

function newHead(world: World, creation: Creation, now: number, writer: string): Head {
  const { task, command, by, planned } = creation
  const createdAt = planned?.at ?? now
  const startAfter = instant(task.startAfter, createdAt)
  const delayMs = startAfter === undefined ? 0 : startAfter - now
  const flow = flowOf(creation)
  const head: Head = {
    id: creation.id,
    born: planned?.born ?? creation.held?.born ?? world.ids.token(),
    n: 1,
    writer,
    command: command.name,
    version: command.version,
    worker: command.worker,
    correlationId: task.correlationId ?? creation.id,
    traceParent: task.traceParent,
    subject: task.subject,
    description: task.description,
    category: task.category,
    externalId: task.externalId,
    accountId: task.accountId,
    userId: task.userId,
    tags: task.tags,
    unlisted: task.unlisted,
    arguments: task.arguments as Json | undefined,
    files: creation.held?.files,
    requestHash: creation.requestHash,
    createdAt,
    createdBy: by,
    modifiedAt: createdAt,
    modifiedBy: by,
    startAfter,
    notStartAfter: instant(task.notStartAfter, createdAt),
    status: statusOf(flow, delayMs),
    statusCode: 102,
    runCount: 0,
    failureCount: 0,
    crashCount: 0,
    interruptCount: 0,
    history: [[createdAt, 'created', by]],
    retry: task.retry ?? command.retry ?? defaultRetry,
    timeoutSeconds: task.timeoutSeconds ?? command.timeoutSeconds,
    leaseSeconds: task.leaseSeconds ?? command.leaseSeconds ?? spans.defaultLeaseSeconds,
    retentionSeconds: task.retentionSeconds ?? spans.defaultRetentionSeconds,
    flow,
  }
  const draft = draftOf(head)
  if (creation.bulk !== undefined) {
    Object.assign(draft, { status: 'running', startedAt: now, runStartedAt: now, bulk: creation.bulk, due: now })
  }
  // What has its notes already needs the clock no sooner than any that waits (protocol 25).
  if (planned?.isWired === true && isOpenDependent(head)) draft.due = now + spans.recheckFirstMs
  draft.due = dueOf(draft, now)
  return draft
}

/** A relative time counts from the hub's now; a date in the past means at once. */
export function instant(when: When | undefined, now: number): number | undefined {
  if (when === undefined) return undefined
  const time = typeof when === 'string' ? Date.parse(when) : now + when.seconds * 1_000
  return Math.min(time, now + limits.delaySeconds * 1_000)
}
