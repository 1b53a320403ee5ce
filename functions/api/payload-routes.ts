import { z } from 'zod'
import type { Blobs, PutRefusal } from '#core/blobs'
import { ApiError, type ErrorCode } from '#core/contract/errors'
import { CreatedPayload, NewPayload, PayloadId } from '#core/contract/files'
import { limits } from '#core/contract/limits'
import { createPayload, readPayload } from '#core/files/payload'
import type { Uploads } from '#core/uploads'
import { iso } from '#core/wire'
import type { World } from '#core/world'
import { json, noContent } from './answers.ts'
import { bytesOf } from './byte-streams.ts'
import { parseWith } from './field-issues.ts'
import { defineRoute, type Route } from './route.ts'

/**
 * Uploads, in two steps: the bytes are declared in a signed call, and sent to an address that is its own permission. So
 * they may go past the hub, to a bucket, and need not be signed themselves.
 */
export function payloadRoutes(world: World, uploads: Uploads | undefined): readonly Route[] {
  const { blobs } = world
  if (blobs === undefined || uploads === undefined) return []
  return [
    declareRoute(world, uploads),
    ...(uploads.check === undefined ? [] : [contentRoute(world, blobs, uploads.check)]),
  ]
}

function declareRoute(world: World, uploads: Uploads): Route {
  return defineRoute({
    method: 'POST',
    path: '/v1/payloads',
    name: 'createPayload',
    summary: 'Declare bytes to be uploaded, and be told where to send them',
    body: NewPayload,
    answer: { status: 201, schema: CreatedPayload },
    handle: async ({ principal, body }) => {
      const payload = await createPayload(world, body, principal)
      const expiresAt = world.clock.now() + limits.uploadSeconds * 1_000
      const ticket = await uploads.ticketFor(payload, expiresAt)
      const headers = { 'content-type': payload.contentType, ...ticket.headers }
      return json(201, { payload, upload: { method: 'PUT', url: ticket.url, headers, expiresAt: iso(expiresAt) } })
    },
  })
}

/** The one path besides /healthz that is not signed: the app lets it pass, and the token is looked at here. */
export const contentPath = /^\/v1\/payloads\/[0-9A-Z]{26}\/content$/

function contentRoute(world: World, blobs: Blobs, check: NonNullable<Uploads['check']>): Route {
  let open = 0
  return defineRoute({
    method: 'PUT',
    path: '/v1/payloads/{id}/content',
    name: 'uploadPayload',
    summary: 'Send the bytes of a payload to the address that its declaration answered; not signed',
    query: z.strictObject({ token: z.string() }),
    bytes: 'request',
    answer: { status: 204 },
    handle: async ({ params, query, request }) => {
      const id = parseWith(PayloadId, params.id, 'not-found')
      const verdict = check(id, query.token, world.clock.now())
      if (verdict === 'wrong') throw new ApiError('forbidden', 'this is no address that the hub gave for an upload')
      if (verdict === 'over')
        throw new ApiError('forbidden', 'this address was valid for a while only: declare it again')
      const payload = await readPayload(world, id)
      if (payload === undefined) throw new ApiError('not-found', `there is no payload ${id}`)
      refuseOtherLength(request.headers.get('content-length'), payload.size)
      if (open >= limits.uploadsOpen) {
        throw new ApiError('too-many', `${limits.uploadsOpen} uploads are under way (limit uploadsOpen)`)
      }
      open++
      try {
        const outcome = await blobs.put(id, payload, bytesOf(request.body))
        if (outcome.kind === 'refused') throw new ApiError(codes[outcome.reason], outcome.message)
      } finally {
        open--
      }
      return noContent({ etag: `"${payload.sha256}"` })
    },
  })
}

const codes = {
  'cut-off': 'bad-request',
  'too-long': 'too-large',
  'too-short': 'invalid',
  'other-sha256': 'invalid',
  'no-room': 'no-room',
} as const satisfies Record<PutRefusal, ErrorCode>

/** Known before the first byte, where the sender says it. */
function refuseOtherLength(header: string | null, size: number): void {
  if (header === null || Number(header) === size) return
  const code = Number(header) > size ? 'too-large' : 'invalid'
  throw new ApiError(code, `${size} bytes were declared, and content-length is ${header}`)
}
