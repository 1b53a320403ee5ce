import { createWriteStream } from 'node:fs'
import { mkdir, rename, rm, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Client } from '../client/index.ts'
import type { Work } from './example-work.ts'

/**
 * Downloads what the tasks of a worker made, as any client would, into a folder for each task. Files that are there
 * from an earlier start are left alone. Answers how many there are.
 */
export async function keepResults(client: Client, { worker, ids }: Work): Promise<number> {
  let kept = 0
  for (const id of ids) {
    const { result, externalId = id } = await client.get(id)
    for (const { name, size } of result?.files ?? []) {
      const folder = resolve('.taskurai', worker, externalId)
      const path = join(folder, name)
      if ((await sizeOf(path)) !== size) await downloadTo(path, folder, () => client.download(id, name))
      kept++
    }
  }
  return kept
}

async function downloadTo(path: string, folder: string, open: () => ReturnType<Client['download']>): Promise<void> {
  await mkdir(folder, { recursive: true })
  const part = `${path}.part`
  try {
    const { stream } = await open()
    await pipeline(stream, createWriteStream(part))
    await rename(part, path)
  } finally {
    await rm(part, { force: true })
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  return (await stat(path).catch(() => undefined))?.size
}
