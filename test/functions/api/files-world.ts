import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { openUploadTokens } from '#adapters/files/upload-tokens'
import type { ApiOptions } from '#functions/api/app'
import { type ApiWorld, createOrdersWorld } from './api-world.ts'

/** A hub's door over memory that also keeps files. */
export interface FilesWorld extends ApiWorld {
  /** An answer whose body is bytes. */
  readonly raw: (method: string, path: string, init?: RequestInit) => Promise<Response>
  /** Declares and sends; answers the payload's id. */
  readonly upload: (bytes: Uint8Array | string, fields?: Readonly<Record<string, unknown>>) => Promise<string>
  readonly declare: (
    bytes: Uint8Array | string,
    fields?: Readonly<Record<string, unknown>>,
  ) => Promise<{ readonly id: string; readonly url: string }>
  /** Who calls from now on; `tester` at first. */
  readonly callAs: (principal: string) => void
}

export async function createFilesWorld(options: Partial<ApiOptions> = {}): Promise<FilesWorld> {
  const folder = mkdtempSync(`${tmpdir()}/taskurai-tokens-`)
  const uploads = openUploadTokens(folder)
  rmSync(folder, { recursive: true })
  let principal = 'tester'
  const authorize = () => ({ ok: true, principal, allows: () => true }) as const
  const api = await createOrdersWorld({ uploads, authorize, ...options })
  const filesWorld: FilesWorld = {
    ...api,
    callAs: (name) => {
      principal = name
    },
    raw: (method, path, init) => api.api.fetch(new Request(`http://hub${path}`, { method, ...init })),
    declare: async (bytes, fields = {}) => {
      const buffer = Buffer.from(bytes)
      const answer = await api.call('POST', '/v1/payloads', {
        size: buffer.byteLength,
        sha256: sha256(buffer),
        ...fields,
      })
      if (answer.status !== 201) throw new Error(JSON.stringify(answer.json))
      return { id: answer.json.payload.id, url: answer.json.upload.url }
    },
    upload: async (bytes, fields) => {
      const { id, url } = await filesWorld.declare(bytes, fields)
      const sent = await filesWorld.raw('PUT', url, { body: Buffer.from(bytes) })
      if (sent.status !== 204) throw new Error(await sent.text())
      return id
    },
  }
  return filesWorld
}

export function sha256(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex')
}
