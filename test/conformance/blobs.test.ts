import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openBlobFiles } from '#adapters/files/blobs'
import { createMemoryBlobs } from '#adapters/memory/blobs'
import { blobsSuite } from './blobs-suite.ts'

blobsSuite('memory', async () => ({
  blobs: createMemoryBlobs((bytes) => createHash('sha256').update(bytes).digest('hex')),
  leftovers: async () => 0,
  close: async () => undefined,
}))

blobsSuite('files', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'taskurai-blobs-'))
  return {
    blobs: await openBlobFiles({ folder, durability: 'process' }),
    leftovers: async () => readdirSync(join(folder, 'incoming')).length,
    close: async () => rmSync(folder, { recursive: true }),
  }
})
