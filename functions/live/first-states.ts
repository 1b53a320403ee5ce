import { limits, spans } from '#core/contract/limits'
import { isTerminal } from '#core/contract/task'
import { inChunks } from '#core/flow/list-all'
import type { Head } from '#core/head'
import type { Connection } from '#core/live/connections'
import { markWatched } from '#core/live/mark'
import { fieldOfSubject, type Subject } from '#core/live/scope'
import { listTasks } from '#core/tasks/list'
import type { World } from '#core/world'
import { deliver, endOf, type LiveParts } from './deliver.ts'
import { stateTexts } from './states.ts'

/**
 * What a watcher is shown first, once its connection stands. The connection was written before; here each task is marked
 * as watched, and shown as it stands after that. So whatever is not shown here is written later, bears the mark, and
 * finds the connection.
 */
export async function sendFirstStates(parts: LiveParts, connection: Connection): Promise<void> {
  const { scope } = connection
  if (scope.kind === 'task') await showOne(parts, connection, scope)
  else await showSubject(parts, connection, scope)
}

async function showOne(
  parts: LiveParts,
  connection: Connection,
  { taskId, born }: { readonly taskId: string; readonly born: string },
): Promise<void> {
  const { world } = parts
  const head = await markWatched(world, { taskId, by: ['task'], needed: connection.expiresAt })
  // Removed, or its id has come back as another life: that one was not what the token is for.
  if (head === undefined || head.born !== born || isPast(world, head)) return endOf(parts, connection)
  await deliver(parts, connection, { head, texts: stateTexts(world, head) })
}

function isPast(world: World, { expiresAt }: Head): boolean {
  return expiresAt !== undefined && expiresAt <= world.clock.now()
}

const tasksAtOnce = 10

async function showSubject(parts: LiveParts, connection: Connection, scope: Subject): Promise<void> {
  const { world } = parts
  const { kind } = scope
  const heads = await tasksOf(world, scope)
  let isGone = false
  await inChunks(heads, tasksAtOnce, async (known) => {
    if (isGone) return
    const needed = connection.expiresAt
    const ask = { taskId: known.id, by: [kind], needed, known } as const
    const head = isTerminal(known.status) ? known : await markWatched(world, ask)
    if (head === undefined) return
    const outcome = await deliver(parts, connection, { head, texts: stateTexts(world, head) })
    if (outcome === 'gone' || outcome === 'over') isGone = true
  })
}

/** The newest that are open, or ended a short while ago. */
async function tasksOf(world: World, { kind, value }: Subject): Promise<readonly Head[]> {
  const now = world.clock.now()
  const filter = { [fieldOfSubject[kind]]: value }
  // Another process's clock may be ahead: its task is found here or finds the watcher, but never neither.
  const range = { filter, from: 0, to: now + spans.dayMs, limit: limits.watchedTasks }
  const heads: Head[] = []
  let before: string | undefined
  for (let looked = 0; looked < limits.watchedRows; looked += limits.watchedTasks) {
    const page = await listTasks(world, { ...range, before })
    heads.push(...page.heads.filter((head) => isShown(head, now)))
    before = page.next
    if (before === undefined || heads.length >= limits.watchedTasks) break
  }
  return heads.slice(0, limits.watchedTasks)
}

function isShown({ status, stoppedAt = 0 }: Head, now: number): boolean {
  return !isTerminal(status) || now - stoppedAt < spans.watchEndedMs
}
