import type { Blobs, ByteRange } from '#core/blobs'
import { ApiError } from '#core/contract/errors'
import { limits } from '#core/contract/limits'
import { TaskId } from '#core/contract/names'
import type { Downloads } from '#core/downloads'
import type { HeldFile } from '#core/files/held-file'
import { findFile } from '#core/files/step-file'
import { readHead } from '#core/tasks/move'
import type { World } from '#core/world'
import { streamOf } from './byte-streams.ts'
import { parseWith } from './field-issues.ts'
import { defineRoute, type Route } from './route.ts'

/** Files of tasks, as bytes. */
export function fileRoutes(world: World, downloads?: Downloads): readonly Route[] {
  const { blobs } = world
  if (blobs === undefined) return []
  return [
    defineRoute({
      method: 'GET',
      path: '/v1/tasks/{id}/files/{name}',
      name: 'getFile',
      summary: 'A file that the task came with or that its run made, or a range of it',
      headers: ['range'],
      ...(downloads === undefined ? { bytes: 'answer', answer: { status: 200 } } : { answer: { status: 303 } }),
      handle: async ({ params, request }) => {
        const taskId = parseWith(TaskId, params.id, 'not-found')
        const head = await readHead(world, taskId)
        if (head === undefined) throw new ApiError('not-found', `there is no task ${taskId}, or its retention is over`)
        const file = await findFile(world, head, params.name ?? '')
        if (file === undefined) throw new ApiError('not-found', `the task has no file of the name ${params.name}`)
        if (downloads === undefined || request.method === 'HEAD') return answer(blobs, file, request)
        return redirect(world, downloads, file)
      },
    }),
  ]
}

/** A task's file may be spelled with percent-encoding, as names may have spaces and letters of any language. */
export const filePath = /^\/v1\/tasks\/[0-9A-Z]{26}\/files\/[^/]+$/

async function answer(blobs: Blobs, file: HeldFile, request: Request): Promise<Response> {
  const range = rangeOf(request.headers.get('range'), file.size)
  if (range === 'unsatisfiable') {
    return new Response(null, { status: 416, headers: { 'content-range': `bytes */${file.size}` } })
  }
  const length = range === undefined ? file.size : range.to - range.from + 1
  const headers: Record<string, string> = {
    'content-type': file.contentType,
    'content-length': String(length),
    'content-disposition': dispositionOf(file),
    etag: `"${file.sha256}"`,
    'accept-ranges': 'bytes',
    'cache-control': 'no-store',
    // Whatever it is and says it is, no browser runs it in the name of the hub.
    'x-content-type-options': 'nosniff',
    'content-security-policy': "sandbox; default-src 'none'",
    ...(range === undefined ? {} : { 'content-range': `bytes ${range.from}-${range.to}/${file.size}` }),
  }
  const status = range === undefined ? 200 : 206
  if (request.method === 'HEAD') return new Response(null, { status, headers })
  const bytes = await blobs.get(file.payload, range)
  if (bytes === undefined) throw new ApiError('not-found', `the bytes of ${file.name} are gone`)
  return new Response(streamOf(bytes, length), { status, headers })
}

/**
 * To where the bytes are, whatever range of them is asked for. The etag is the hub's word on what they have to be: the
 * bucket has a checksum of its own for that.
 */
async function redirect({ clock }: World, downloads: Downloads, file: HeldFile): Promise<Response> {
  const { payload, contentType, sha256 } = file
  const expiresAt = clock.now() + limits.downloadSeconds * 1_000
  const disposition = dispositionOf(file)
  const location = await downloads.addressOf({ payload, contentType, disposition, expiresAt })
  return new Response(null, { status: 303, headers: { location, etag: `"${sha256}"`, 'cache-control': 'no-store' } })
}

/** One range of bytes; what is malformed, or several at once, is answered with the whole, as HTTP allows. */
function rangeOf(header: string | null, size: number): ByteRange | 'unsatisfiable' | undefined {
  const [, first = '', last = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? '') ?? []
  if (first === '' && last === '') return undefined
  const from = first === '' ? Math.max(0, size - Number(last)) : Number(first)
  const to = first === '' || last === '' ? size - 1 : Math.min(size - 1, Number(last))
  if (first !== '' && last !== '' && Number(last) < Number(first)) return undefined
  return from > to ? 'unsatisfiable' : { from, to }
}

function dispositionOf({ name }: HeldFile): string {
  return `attachment; filename*=UTF-8''${headerText(name)}`
}

/** RFC 8187: percent-encoding leaves only what may stand there, but for these. */
function headerText(name: string): string {
  return encodeURIComponent(name).replaceAll(/['()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
}
