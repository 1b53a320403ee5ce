import { readStep } from '../flow/remembered.ts'
import type { Head } from '../head.ts'
import type { World } from '../world.ts'
import { fileOf, type HeldFile } from './held-file.ts'
import { readPayload } from './payload.ts'

/** Results of steps that lie apart are downloaded like files, under names that no file of a caller can have. */

const prefix = '.step.'
/** No step id has it, and no path may have what it stands for. */
const slash = '~'

export function stepFileName(step: string): string {
  return prefix + step.replaceAll('/', slash)
}

/** Any file of a task: one it came with, one of its result, or a step's. */
export async function findFile(world: World, head: Head, name: string): Promise<HeldFile | undefined> {
  if (!name.startsWith(prefix)) return fileOf(head, name)
  const step = await readStep(world, head, name.slice(prefix.length).replaceAll(slash, '/'))
  const id = step?.outputPayload
  const payload = id === undefined ? undefined : await readPayload(world, id)
  if (id === undefined || payload === undefined) return undefined
  const { size, sha256, contentType } = payload
  return { name, payload: id, size, sha256, contentType }
}
