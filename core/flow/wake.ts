import { spans } from '../contract/limits.ts'
import type { Head } from '../head.ts'
import { decide } from '../lifecycle.ts'
import { move, readHead } from '../tasks/move.ts'
import type { World } from '../world.ts'
import { readRemembered, readWaits } from './remembered.ts'
import { isOver } from './resolve.ts'

/** Wakes a suspended task one of whose waits is over. Twice does no harm: the second finds it queued (protocol 2). */
export async function wakeIfOver(world: World, head: Head): Promise<boolean> {
  if (head.status !== 'suspended') return false
  const over = await firstOver(world, head)
  if (over === undefined) return false
  const writer = world.ids.token()
  const outcome = await move(world, {
    taskId: head.id,
    writer,
    known: head,
    decide: (current) => decide(current, { kind: 'wake', now: world.clock.now(), writer, why: over }),
  })
  return outcome.kind === 'moved'
}

/** The same for who knows only the id: after a signal, say. */
export async function wakeTask(world: World, taskId: string): Promise<void> {
  const head = await readHead(world, taskId)
  if (head !== undefined) await wakeIfOver(world, head)
}

/**
 * The clock's look at a suspended task, whatever brought it here: wake it, ring for a sleep that fits on a bell by now,
 * or come again later, each time after twice as long (protocol 25).
 */
export async function lookAtSuspended(world: World, head: Head): Promise<boolean> {
  if (head.status !== 'suspended') return false
  if (await wakeIfOver(world, head)) return true
  const writer = world.ids.token()
  const outcome = await move(world, {
    taskId: head.id,
    writer,
    known: head,
    decide: (current) => {
      const now = world.clock.now()
      if (current.status !== 'suspended' || current.due === undefined || current.due > now) {
        return { kind: 'refused', reason: 'not-over' }
      }
      const { suspension, looks = 0 } = current.flow ?? {}
      const wakeAt = suspension?.wakeAt
      const fits = wakeAt !== undefined && wakeAt > now && wakeAt - now <= spans.bellDelayMs
      if (fits) return decide(current, { kind: 'ring', now, writer })
      const again = now + recheckMs(looks)
      const due = wakeAt === undefined ? again : Math.min(again, Math.max(now, wakeAt - spans.bellDelayMs))
      return decide(current, { kind: 'guard', now, writer, due: Math.max(due, now + 1_000), looks: looks + 1 })
    },
  })
  return outcome.kind === 'moved'
}

export function recheckMs(looks: number): number {
  return Math.min(spans.recheckMostMs, spans.recheckFirstMs * 2 ** Math.min(looks, 20))
}

/**
 * A wait whose note is gone was settled by somebody else, a run that had lost the task or a repeated message: the task is
 * woken for it. Notes that it does not wait for are left over, of a race or of such a run.
 */
async function firstOver(world: World, head: Head): Promise<string | undefined> {
  const named = head.flow?.suspension?.waits
  const waits = named === undefined ? (await readRemembered(world, head)).waits : await readWaits(world, head)
  const byId = new Map(waits.map((stored) => [stored.wait.id, stored]))
  for (const id of named ?? byId.keys()) {
    const stored = byId.get(id)
    if (stored === undefined || (await isOver(world, head, stored))) return `${id} is over`
  }
  return undefined
}
