import { Hono } from 'hono'
import { z } from 'zod'
import { ApiError } from '#core/contract/errors'
import type { Downloads } from '#core/downloads'
import type { LiveDoor } from '#core/live/door'
import type { Uploads } from '#core/uploads'
import type { World } from '#core/world'
import { allowHeader, json, methodNotAllowed, problem } from './answers.ts'
import { bulkRoutes } from './bulk-routes.ts'
import type { Catalog } from './catalog.ts'
import { filePath, fileRoutes } from './file-routes.ts'
import { flowRoutes } from './flow-routes.ts'
import { listRoutes } from './list-routes.ts'
import { logRoutes } from './log-routes.ts'
import { openapiOf } from './openapi.ts'
import { contentPath, payloadRoutes } from './payload-routes.ts'
import { type ProtocolCalls, protocolRoutes } from './protocol-routes.ts'
import { readBody } from './read-body.ts'
import { defineRoute, type Route } from './route.ts'
import { submitRoutes } from './submit-routes.ts'
import { taskRoutes } from './task-routes.ts'
import { createWaitForEnd, type TaskEvents } from './wait-task.ts'
import { watchRoutes } from './watch-routes.ts'
import { workerRoutes } from './worker-routes.ts'

/**
 * The API of both homes as a Web-standard `Request → Response` app. A home says who signed a request; everything else
 * happens here, in this order: body read once and bounded, signature, permission, then shape.
 */

export interface RawRequest {
  readonly method: string
  /** Path and query as they came over the wire. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

export type Authorized =
  | { readonly ok: true; readonly principal: string; readonly allows: (method: string, path: string) => boolean }
  | { readonly ok: false; readonly detail: string }

export interface ApiOptions {
  readonly world: World
  readonly catalog: Catalog
  readonly workerCalls: ProtocolCalls
  readonly authorize: (raw: RawRequest) => Authorized | Promise<Authorized>
  /** Absent where holding an answer costs money: then `wait` is answered at once. */
  readonly events?: TaskEvents | undefined
  /** How bytes are to be sent; absent where no files are kept. */
  readonly uploads?: Uploads | undefined
  /** Where bytes are to be fetched; absent where the hub gives them itself. */
  readonly downloads?: Downloads | undefined
  /** How tasks are watched; absent where the hub has no endpoint for that. */
  readonly live?: LiveDoor | undefined
  readonly version?: string
}

/** What a home knows beside the request. */
export interface Context {
  /** The target as received. */
  readonly rawUrl?: string
  /** Who it is from, where that was found out before the request came here: `authorize` is not asked then. */
  readonly authorized?: Authorized
}

export interface Api {
  /** Never rejects: what goes wrong is an answer. */
  readonly fetch: (request: Request, context?: Context) => Promise<Response>
  readonly routes: readonly Route[]
}

type Bindings = { Bindings: { readonly principal: string; readonly body: Uint8Array } }

export function createApi(options: ApiOptions): Api {
  const { world, catalog } = options
  const routes: Route[] = [
    ...submitRoutes({ world, catalog }),
    ...listRoutes({ world, catalog }),
    ...bulkRoutes({ world, catalog }),
    ...taskRoutes(world, createWaitForEnd(world, options.events)),
    ...flowRoutes(world),
    ...watchRoutes(world, options.live),
    ...logRoutes(world),
    ...payloadRoutes(world, options.uploads),
    ...fileRoutes(world, options.downloads),
    ...workerRoutes({ world, catalog }),
    ...protocolRoutes(options.workerCalls),
  ]
  routes.push(openapiRoute(routes, options.version ?? '1'))
  const app = routerOf(world, routes)
  return {
    routes,
    fetch: async (request, context = {}) => {
      try {
        const { pathname, search } = new URL(request.url)
        const isOpen = pathname === '/healthz' || request.method === 'OPTIONS'
        // Bytes are authorized by their address, and are not to be held in memory.
        if (isOpen || (request.method === 'PUT' && contentPath.test(pathname))) return await app.fetch(request, nobody)
        const body = await readBody(request)
        const target = { rawUrl: context.rawUrl ?? pathname + search, pathname, authorized: context.authorized }
        const principal = await principalOf(options, request, target, body)
        return await app.fetch(request, { principal, body })
      } catch (error) {
        return answerError(world, error)
      }
    },
  }
}

const nobody: Bindings['Bindings'] = { principal: '', body: new Uint8Array(0) }

function routerOf(world: World, routes: readonly Route[]): Hono<Bindings> {
  const app = new Hono<Bindings>()
  app.get('/healthz', () => json(200, { ok: true }))
  for (const route of routes) {
    app.on(route.method, honoPath(route.path), async (context) => {
      const { raw: request } = context.req
      const { principal, body } = context.env
      const search = new URL(request.url).searchParams
      return route.handle({ principal, request, search, params: context.req.param(), body })
    })
  }
  refuseOtherMethods(app, routes)
  app.notFound(({ req }) => problem(new ApiError('not-found', `there is no path ${req.path}; see /v1/openapi.json`)))
  app.onError((error) => answerError(world, error))
  return app
}

function openapiRoute(routes: readonly Route[], version: string): Route {
  let document: unknown
  return defineRoute({
    method: 'GET',
    path: '/v1/openapi.json',
    name: 'getOpenapi',
    summary: 'This API, described',
    answer: { status: 200, schema: z.record(z.string(), z.unknown()) },
    handle: async () => {
      document ??= openapiOf(routes, version)
      return json(200, document)
    },
  })
}

function honoPath(path: string): string {
  return path.replaceAll(/\{([^}]+)\}/g, ':$1')
}

interface Target {
  readonly rawUrl: string
  readonly pathname: string
  readonly authorized: Authorized | undefined
}

async function principalOf(
  options: ApiOptions,
  request: Request,
  { rawUrl, pathname, authorized: known }: Target,
  body: Uint8Array,
): Promise<string> {
  const { method } = request
  const headers = Object.fromEntries(request.headers)
  const authorized = known ?? (await options.authorize({ method, url: rawUrl, headers, body }))
  if (!authorized.ok) throw new ApiError('forbidden', authorized.detail)
  const path = rawUrl.split('?', 1)[0] ?? rawUrl
  // Permission is judged on the path as it was sent and signed, so no other spelling of it may be routed.
  if (path !== pathname || (path.includes('%') && !filePath.test(path))) {
    throw new ApiError('bad-request', `write the path plainly, without dot segments or percent-encoding: ${path}`)
  }
  const isAllowed = authorized.allows(method, path) || (method === 'HEAD' && authorized.allows('GET', path))
  if (isAllowed) return authorized.principal
  throw new ApiError('forbidden', `the key ${authorized.principal} may not ${method} ${path}; it has no allow for that`)
}

/** A known path with a method it does not take: 405 and what it takes; OPTIONS is answered for every path. */
function refuseOtherMethods(app: Hono<Bindings>, routes: readonly Route[]): void {
  const methods = new Map<string, string[]>([['/healthz', ['GET']]])
  for (const { path, method } of routes) methods.set(path, [...(methods.get(path) ?? []), method])
  for (const [path, allowed] of methods) {
    app.options(honoPath(path), () => new Response(null, { status: 204, headers: { allow: allowHeader(allowed) } }))
    app.all(honoPath(path), () => methodNotAllowed(allowed))
  }
}

function answerError(world: World, error: unknown): Response {
  if (error instanceof ApiError) {
    if (error.code === 'unavailable')
      world.log.warn('api.unavailable', { error: error.message, cause: textOf(error.cause) })
    return problem(error)
  }
  const id = world.ids.token()
  world.log.error('api.failed', { id, error: textOf(error) })
  return problem(new ApiError('internal', `the hub failed; its log has the reason under ${id}`))
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
