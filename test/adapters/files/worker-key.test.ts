import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { addKey, credentialsPath, ensureCredentials, listKeys } from '#adapters/files/credentials-file'
import { openKeys } from '#adapters/files/live-keys'
import { isAllowed } from '#core/permission'

const before = 'GET /v1/worker-protocol/*, POST /v1/worker-protocol/*'
const after = `${before}, POST /v1/payloads, GET /v1/tasks/*/files/*`

it('the worker key of a data folder from before there were files may carry them at the next start', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'taskurai-keys-'))
  try {
    ensureCredentials(folder)
    await addKey(folder, { name: 'shop', allow: ['POST /v1/tasks'] })
    const path = credentialsPath(folder)
    const fresh = readFileSync(path, 'utf8')
    writeFileSync(path, fresh.replace(after, before))
    expect(openKeys(folder).ok).toBe(true)
    expect(readFileSync(path, 'utf8')).toBe(fresh)
    const listed = listKeys(folder)
    const allows = listed.ok ? (listed.keys.find(({ name }) => name === 'worker')?.allows ?? []) : []
    expect(isAllowed(allows, 'POST', '/v1/payloads')).toBe(true)
    expect(isAllowed(allows, 'GET', '/v1/tasks/01ARZ3NDEKTSV4RRFFQ69G5FAV/files/a.mp4')).toBe(true)
    expect(isAllowed(allows, 'GET', '/v1/tasks/01ARZ3NDEKTSV4RRFFQ69G5FAV')).toBe(false)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
