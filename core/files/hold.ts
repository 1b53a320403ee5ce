import { limits } from '../contract/limits.ts'
import { payloadUseKey } from '../keys.ts'
import type { Principal, World } from '../world.ts'
import type { HeldFile } from './held-file.ts'
import { type PayloadItem, readPayload } from './payload.ts'

/** A file that a task is about to name. */
export interface FileAsk {
  readonly name: string
  readonly payload: string
  readonly public?: boolean | undefined
}

/** Whose payloads these have to be. */
export interface Holder {
  readonly taskId: string
  readonly by: Principal
  /** A run of this task may have made them, for a sub task of it. */
  readonly parentId?: string | undefined
}

export interface HoldAsk extends Holder {
  /** The birth of the task's head: a later life of the same id holds nothing of this one's. */
  readonly born: string
  readonly files: readonly FileAsk[]
  /** They are results of this step, not of the task. */
  readonly step?: string | undefined
}

export type FilesOutcome =
  | { readonly kind: 'files'; readonly files: readonly HeldFile[] }
  | { readonly kind: 'refused'; readonly index: number; readonly message: string }

/** What the named payloads are, or which of them this caller cannot name. Promises nothing for later. */
export async function lookUpFiles(world: World, holder: Holder, asked: readonly FileAsk[]): Promise<FilesOutcome> {
  const payloads = await Promise.all(asked.map(({ payload }) => readPayload(world, payload)))
  const files: HeldFile[] = []
  for (const [index, { name, payload: id, public: isPublic }] of asked.entries()) {
    const payload = payloads[index]
    const message = await faultOf(world, holder, id, payload)
    if (payload === undefined || message !== undefined) {
      return { kind: 'refused', index, message: message ?? noPayload(id) }
    }
    const { size, sha256, contentType } = payload
    files.push({ name, payload: id, size, sha256, contentType, ...(isPublic === true ? { public: true } : {}) })
  }
  return { kind: 'files', files }
}

/**
 * Keeps the payloads for a task whose head is written next. Whoever does not write it gives them back with `letGo`; what
 * a crash in between leaves is found out by its age.
 */
export async function holdFiles(world: World, ask: HoldAsk): Promise<FilesOutcome> {
  const at = world.clock.now()
  await Promise.all(
    usesOf(ask).map((key) => {
      const item = {
        ...key,
        born: world.ids.token(),
        n: 1,
        data: { at, ...(ask.step === undefined ? {} : { step: ask.step }) },
      }
      return world.store.commit({ write: { kind: 'put', item, condition: { kind: 'any' } } })
    }),
  )
  const outcome = await lookUpFiles(world, ask, ask.files)
  if (outcome.kind === 'refused') await letGo(world, ask)
  return outcome
}

export async function letGo(world: World, ask: Pick<HoldAsk, 'taskId' | 'born' | 'files'>): Promise<void> {
  await Promise.all(
    usesOf(ask).map((key) => world.store.commit({ write: { kind: 'delete', key, condition: { kind: 'any' } } })),
  )
}

function usesOf({ taskId, born, files }: Pick<HoldAsk, 'taskId' | 'born' | 'files'>) {
  return [...new Set(files.map(({ payload }) => payload))].map((id) => payloadUseKey(id, taskId, born))
}

async function faultOf(
  world: World,
  { taskId, by, parentId }: Holder,
  id: string,
  payload: PayloadItem | undefined,
): Promise<string | undefined> {
  if (payload === undefined) return noPayload(id)
  const isOfThisRun = payload.taskId !== undefined && [taskId, parentId].includes(payload.taskId)
  if (payload.taskId !== undefined && !isOfThisRun) return `the payload ${id} was made for the result of another task`
  if (payload.by !== by && !isOfThisRun) return `the payload ${id} was made with another key`
  if (!isOfThisRun && world.clock.now() - payload.createdAt > limits.payloadSeconds * 1_000) return noPayload(id)
  if (world.blobs === undefined || !(await world.blobs.has(id)))
    return `the payload ${id} was not uploaded, or not whole`
  return undefined
}

function noPayload(id: string): string {
  const days = limits.payloadSeconds / 86_400
  return `there is no payload ${id}; one that no task names is kept for ${days} days, others as long as their tasks`
}
