import type { Json } from './contract/names.ts'
import type { TaskError, TaskResult } from './contract/task.ts'
import type { Head } from './head.ts'
import { bodyKey, headKey, outcomeKey } from './keys.ts'
import type { Bell, Item, Store, Write } from './ports.ts'

/**
 * How a task lies in the table: one item while it fits, else head, body and outcome apart (design §4). The head is
 * written last, and names what lies beside it.
 */

/** Room that a head needs beside its arguments: run, history, progress, policy. */
const headReserveBytes = 600
const bellCopyBytes = 48_000

export function headItem(head: Head): Item<Head> {
  const { pk, sk } = headKey(head.id)
  return { pk, sk, born: head.born, n: head.n, due: head.due, expiresAt: head.expiresAt, data: head }
}

export function headOf(item: Item): Head {
  // Heads are written by this program alone and carry their whole shape; parsing them again would cost every claim.
  return item.data as Head
}

/** Splits a new head from arguments that do not fit. `argumentsBytes` is the length of their JSON. */
export function splitBody(store: Store, head: Head, argumentsBytes: number): { head: Head; before: readonly Write[] } {
  if (argumentsBytes + headReserveBytes <= store.inlineBytes) return { head, before: [] }
  const { arguments: args, ...rest } = head
  const item: Item = { ...bodyKey(head.id, head.born), born: head.born, n: 1, data: args }
  return { head: { ...rest, bodyApart: true }, before: [{ kind: 'put', item, condition: { kind: 'any' } }] }
}

export async function argumentsOf(store: Store, head: Head): Promise<Json | undefined> {
  if (head.bodyApart !== true) return head.arguments
  const body = await store.get(bodyKey(head.id, head.born))
  if (body === undefined) throw new Error(`task ${head.id}: its body is missing`)
  return body.data as Json
}

export interface Outcome {
  readonly result?: TaskResult | undefined
  readonly error?: TaskError | undefined
}

/** Whether an outcome may lie in the head itself. */
export function fitsBeside(store: Store, outcome: Outcome): boolean {
  return JSON.stringify(outcome).length <= store.inlineBytes / 2
}

/** The side write of an outcome that does not fit beside the head. */
export function outcomeApart(head: Head, run: string, outcome: Outcome): Write {
  const item: Item = { ...outcomeKey(head.id, head.born, run), born: head.born, n: 1, data: outcome }
  return { kind: 'put', item, condition: { kind: 'any' } }
}

export async function outcomeOf(store: Store, head: Head): Promise<Outcome> {
  if (head.outcomeApart === undefined) return { result: head.result, error: head.error }
  const item = await store.get(outcomeKey(head.id, head.born, head.outcomeApart))
  if (item === undefined) throw new Error(`task ${head.id}: its outcome is missing`)
  return item.data as Outcome
}

/**
 * The bell for a head that is about to be written, with a copy where that spares the receiver a read. Only a first
 * version is copied: two writers that decide on one head ring for the same next version, and the bell of the one that
 * lost would carry what was never written, under a version that was. No two creates share a birth.
 */
export function bellFor(head: Head, delayMs: number): Bell {
  const { worker, id: taskId, born, n, accountId } = head
  const plain = { format: 1, worker, taskId, born, n, delayMs } as const
  const bell = accountId === undefined ? plain : { ...plain, group: accountId }
  return head.n > 1 || head.bodyApart === true || roughBytes(head) > bellCopyBytes ? bell : { ...bell, copy: head }
}

/** An upper guess that costs nothing: the inline limit bounds arguments, the other fields are bounded by the contract. */
function roughBytes(head: Head): number {
  return (head.description?.length ?? 0) + (head.error?.message.length ?? 0) + headReserveBytes
}
