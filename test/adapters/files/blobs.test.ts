import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { openBlobFiles } from '#adapters/files/blobs'

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

const aFolder = () => {
  const folder = mkdtempSync(join(tmpdir(), 'taskurai-blobs-'))
  folders.push(folder)
  return folder
}
const bytes = Buffer.from('some bytes')
const spec = { size: bytes.byteLength, sha256: createHash('sha256').update(bytes).digest('hex') }
const id = '01KF0000000000000000000001'
async function* sent() {
  yield bytes
}

describe('files of payloads', () => {
  it('are found again by the next hub, and what an upload left that was killed is gone', async () => {
    const folder = aFolder()
    const first = await openBlobFiles({ folder })
    expect(await first.put(id, spec, sent())).toEqual({ kind: 'stored' })
    writeFileSync(join(folder, 'incoming', `${id}.half`), 'half of i')
    const next = await openBlobFiles({ folder })
    expect(await next.has(id)).toBe(true)
    expect(readdirSync(join(folder, 'incoming'))).toEqual([])
  })

  it('are for their owner only', async () => {
    const folder = aFolder()
    const blobs = await openBlobFiles({ folder })
    await blobs.put(id, spec, sent())
    expect(statSync(join(folder, '01', id)).mode & 0o077).toBe(0)
    expect(statSync(join(folder, '01')).mode & 0o077).toBe(0)
  })

  it('leave room on the disk for the store', async () => {
    const folder = aFolder()
    const blobs = await openBlobFiles({ folder, reserveBytes: Number.MAX_SAFE_INTEGER })
    expect(await blobs.put(id, spec, sent())).toMatchObject({ kind: 'refused', reason: 'no-room' })
    expect(await blobs.has(id)).toBe(false)
  })

  it.each(['../../etc/passwd', '', '01KF000000000000000000000/', 'a'.repeat(26)])(
    'never take %j for an id',
    async (bad) => {
      const blobs = await openBlobFiles({ folder: aFolder() })
      await expect(blobs.put(bad, spec, sent())).rejects.toThrow('not an id')
      await expect(async () => blobs.get(bad)).rejects.toThrow('not an id')
      await expect(async () => blobs.remove(bad)).rejects.toThrow('not an id')
    },
  )
})
