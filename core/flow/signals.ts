import { limits } from '../contract/limits.ts'
import type { Json } from '../contract/names.ts'
import { isTerminal } from '../contract/task.ts'
import type { Head } from '../head.ts'
import { signalKey, signalPrefix } from '../keys.ts'
import type { Item } from '../ports.ts'
import { readHead } from '../tasks/move.ts'
import type { Principal, World } from '../world.ts'
import { listAll } from './list-all.ts'

/** A signal that was sent: kept with its task until a step consumes it (protocol 24). */
export interface Signal {
  readonly name: string
  /** The sender's key, hashed, or an id of its own: the same signal sent twice is one. */
  readonly id: string
  readonly at: number
  readonly by: Principal
  readonly data?: Json | undefined
  /** The step that has it. */
  readonly consumedBy?: string | undefined
}

export interface SignalAsk {
  readonly taskId: string
  readonly name: string
  readonly id: string
  readonly by: Principal
  readonly data?: Json | undefined
}

export type SignalOutcome =
  | { readonly kind: 'sent' | 'existing'; readonly head: Head }
  | { readonly kind: 'absent' }
  | { readonly kind: 'ended'; readonly head: Head }
  | { readonly kind: 'too-many' }

/** Written whether or not anybody waits yet. Who sends it wakes the task by `wakeIfOver` afterwards; the reactor too. */
export async function writeSignal(world: World, ask: SignalAsk): Promise<SignalOutcome> {
  const head = await readHead(world, ask.taskId)
  if (head === undefined) return { kind: 'absent' }
  const { taskId, name, id, by, data } = ask
  const key = signalKey(taskId, head.born, name, id)
  const standing = await world.store.get(key)
  if (standing !== undefined) return { kind: 'existing', head }
  if (isTerminal(head.status)) return { kind: 'ended', head }
  if ((await openSignals(world, head, name)).length >= limits.signals) return { kind: 'too-many' }
  const signal: Signal = { name, id, at: world.clock.now(), by, data }
  const item: Item = { ...key, born: world.ids.token(), n: 1, data: signal }
  const outcome = await world.store.commit({ write: { kind: 'put', item, condition: { kind: 'absent' } } })
  return { kind: outcome.kind === 'written' ? 'sent' : 'existing', head }
}

/** Those that this step may take: nobody's, or its own from before a crash. The oldest first. */
export async function openSignals(
  world: World,
  { id, born }: Head,
  name: string,
  step?: string,
): Promise<readonly Item<Signal>[]> {
  const items = await listAll(world, { pk: `T#${id}`, prefix: `${signalPrefix(born)}${name}#` })
  return (items as readonly Item<Signal>[])
    .filter(({ data }) => data.consumedBy === undefined || data.consumedBy === step)
    .sort((a, b) => (a.data.consumedBy === step ? 0 : 1) - (b.data.consumedBy === step ? 0 : 1) || order(a, b))
}

function order(a: Item<Signal>, b: Item<Signal>): number {
  return a.data.at - b.data.at || (a.data.id < b.data.id ? -1 : 1)
}

/** Marks the oldest as this step's, so that no other takes it; a crash behind this finds it again. */
export async function consumeSignal(world: World, head: Head, name: string, step: string): Promise<Signal | undefined> {
  for (const item of await openSignals(world, head, name, step)) {
    if (item.data.consumedBy === step) return item.data
    const consumed: Signal = { ...item.data, consumedBy: step }
    const outcome = await world.store.commit({
      write: {
        kind: 'put',
        item: { ...item, n: item.n + 1, data: consumed },
        condition: { kind: 'at', born: item.born, n: item.n },
      },
    })
    if (outcome.kind === 'written') return consumed
    if ((outcome.current?.data as Signal | undefined)?.consumedBy === step) return consumed
  }
  return undefined
}
