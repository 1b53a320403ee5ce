/** Files on the caller's side. */
import { createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import type { Client } from 'taskurai/client'
import { compress } from './compress.ts'

// #region send
export async function compressReport(hub: Client, path: string): Promise<string> {
  const report = await hub.upload(path)
  const task = await hub.submit(compress, { level: 9 }, { files: [{ name: 'report.csv', payload: report.id }] })
  return task.id
}
// #endregion

// #region receive
export async function saveCompressed(hub: Client, taskId: string, path: string): Promise<void> {
  const { stream } = await hub.download(taskId, 'report.csv.gz')
  await pipeline(stream, createWriteStream(path))
}
// #endregion
