import { isTerminal } from '../contract/task.ts'
import type { Head } from '../head.ts'
import { headKey, payloadKey, payloadUseKey, payloadUsePrefix, stepKey, taskOfUse } from '../keys.ts'
import { headOf } from '../layout.ts'
import type { Item } from '../ports.ts'
import type { World } from '../world.ts'
import { payloadsOf } from './held-file.ts'
import { type PayloadItem, payloadOf, rowWrite, useGraceMs } from './payload.ts'

/** Removal of payloads that nobody uses (the rules stand in payload.ts). */

/** `later`: it may be about to be used, so somebody has to look again. */
export type ReleaseOutcome = 'removed' | 'used' | 'later'

/** Uses looked at in one go; the first one that counts ends the look. */
const usesLooked = 50

/** The task is gone, and what nobody else uses goes with it. Repeating it is fine. */
export async function releaseFiles(world: World, gone: Head): Promise<void> {
  for (const id of payloadsOf(gone)) await releaseUse(world, gone, id)
}

/** What one payload was held for is gone: the task, or a step of it. */
export async function releaseUse(world: World, gone: Head, id: string): Promise<void> {
  const key = payloadUseKey(id, gone.id, gone.born)
  await world.store.commit({ write: { kind: 'delete', key, condition: { kind: 'any' } } })
  const outcome = await releasePayload(world, id)
  if (outcome === 'later') await world.store.commit({ write: rowWrite(world, id, world.clock.now()) })
}

export async function releasePayload(world: World, id: string): Promise<ReleaseOutcome> {
  const standing = await world.store.get(payloadKey(id))
  if (standing === undefined) return 'removed'
  const before = await useOf(world, id, payloadOf(standing))
  if (before !== 'none') return before
  const going = { ...standing, n: standing.n + 1, data: { ...payloadOf(standing), going: true } }
  if (!(await replace(world, going, standing))) return 'later'
  const after = await useOf(world, id, payloadOf(standing))
  if (after !== 'none') {
    await replace(world, { ...going, n: going.n + 1, data: { ...payloadOf(standing), going: false } }, going)
    return after
  }
  await world.blobs?.remove(id)
  await world.store.commit({ write: { kind: 'delete', key: payloadKey(id), condition: { kind: 'any' } } })
  return 'removed'
}

async function replace(world: World, item: Item, standing: Item): Promise<boolean> {
  const condition = { kind: 'at', born: standing.born, n: standing.n } as const
  return (await world.store.commit({ write: { kind: 'put', item, condition } })).kind === 'written'
}

type Use = 'used' | 'later' | 'none'

async function useOf(world: World, id: string, payload: PayloadItem): Promise<Use> {
  const { pk } = payloadKey(id)
  let after: string | undefined
  let found: Use = 'none'
  do {
    const page = await world.store.list({ pk, prefix: payloadUsePrefix, after, limit: usesLooked })
    for (const item of page.items) {
      const use = await verify(world, id, item)
      if (use === 'used') return 'used'
      if (use === 'later') found = 'later'
    }
    after = page.next
  } while (after !== undefined)
  return found === 'none' && (await isOfUnfinished(world, payload)) ? 'later' : found
}

/** A use whose head never came, or that the head does not name, counts only while its writer may be at work. */
async function verify(world: World, id: string, item: Item): Promise<Use> {
  const { taskId, born } = taskOfUse(item.sk)
  const standing = await world.store.get(headKey(taskId))
  const head = standing === undefined ? undefined : headOf(standing)
  if (head?.born === born && (payloadsOf(head).includes(id) || (await isOfStep(world, item, id)))) return 'used'
  const { at } = item.data as { readonly at: number }
  if (world.clock.now() - at <= useGraceMs) return 'later'
  await world.store.commit({ write: { kind: 'delete', key: { pk: item.pk, sk: item.sk }, condition: { kind: 'any' } } })
  return 'none'
}

/** A step's result that lies apart: its use names the step. */
async function isOfStep(world: World, { sk, data }: Item, id: string): Promise<boolean> {
  const { step } = data as { readonly step?: string }
  if (step === undefined) return false
  const { taskId, born } = taskOfUse(sk)
  const item = await world.store.get(stepKey(taskId, born, step))
  return (item?.data as { readonly outputPayload?: string } | undefined)?.outputPayload === id
}

/** Its run may take days from the upload to its end. */
async function isOfUnfinished(world: World, { taskId }: PayloadItem): Promise<boolean> {
  if (taskId === undefined) return false
  const standing = await world.store.get(headKey(taskId))
  return standing !== undefined && !isTerminal(headOf(standing).status)
}
