import { z } from 'zod'
import { ApiError } from '#core/contract/errors'
import { RegistrarProps } from './config.ts'
import {
  type Deployment,
  type RegistrarParts,
  type Registration,
  registerWorker,
  unregisterWorker,
} from './register.ts'

/**
 * The custom resource protocol of CloudFormation: each request is answered once, by a PUT to the address that came with
 * it. Whoever does not answer leaves the stack waiting for as long as an hour, so an answer goes out whatever happens:
 * also when the work fails, and shortly before the function's time is over.
 */

const textCharsMost = 1_024
const registrationCharsMost = 1_000_000
const text = z.string().min(1).max(textCharsMost)

const Request = z.object({
  RequestType: z.enum(['Create', 'Update', 'Delete']),
  ResponseURL: z.url(),
  StackId: text,
  RequestId: text,
  LogicalResourceId: text,
  PhysicalResourceId: text.optional(),
  ResourceProperties: z.unknown(),
})
type Request = z.infer<typeof Request>

const Resource = z.object({ Registration: z.string().max(registrationCharsMost) })

export interface CustomResourceParts extends RegistrarParts {
  /** PUTs the answer; rejects unless it was taken. */
  readonly put: (url: string, body: string) => Promise<void>
}

/** What is left for the answer and its repeats. */
const reserveMs = 30_000
const answerTriesMost = 5
const answerAgainMs = 1_000

export async function answerRequest(
  parts: CustomResourceParts,
  event: unknown,
  remainingMs: () => number,
): Promise<void> {
  // Without an address there is nobody to tell.
  const request = Request.parse(event)
  const { RequestType: type, LogicalResourceId: resource, RequestId: requestId } = request
  const outcome = await inTime(parts, request, remainingMs)
  const fields = { type, resource, requestId, ...(outcome.ok ? {} : { reason: outcome.reason }) }
  if (outcome.ok) parts.world.log.info('registrar.answered', fields)
  else parts.world.log.error('registrar.failed', fields)
  await send(parts, request.ResponseURL, bodyOf(parts.hub, request, outcome))
}

type Outcome = { readonly ok: true; readonly generation?: string } | Extract<Registration, { ok: false }>

async function inTime(parts: CustomResourceParts, request: Request, remainingMs: () => number): Promise<Outcome> {
  const { clock } = parts.world
  const over = new AbortController()
  const done = new AbortController()
  const lastMs = Math.max(0, remainingMs() - reserveMs)
  const time = clock.wait(lastMs, done.signal).then(
    (): Outcome => ({ ok: false, reason: `it was not done within ${Math.round(lastMs / 1_000)} s; deploy again` }),
    (): Outcome => ({ ok: true }),
  )
  const work = handle(parts, request, over.signal).catch(
    (error: unknown): Outcome => ({ ok: false, reason: wordsOf(error) }),
  )
  const outcome = await Promise.race([work, time])
  // What is answered is answered: a function that thaws for the next request must not go on with this one.
  over.abort()
  done.abort()
  return outcome
}

async function handle(parts: CustomResourceParts, request: Request, signal: AbortSignal): Promise<Outcome> {
  const props = propsOf(request.ResourceProperties)
  const { StackId, RequestId, LogicalResourceId } = request
  const deployment: Deployment = {
    requestId: RequestId,
    owner: parts.world.ids.sha256(`${StackId} ${LogicalResourceId}`).slice(0, 24),
    by: `stack/${StackId.split('/')[1] ?? StackId}`,
    signal,
  }
  if (request.RequestType === 'Delete') {
    // What could never be read was never registered, and a stack must be able to go.
    if (props.ok) await unregisterWorker(parts, props.props.worker, deployment)
    return { ok: true }
  }
  if (!props.ok) return props
  return registerWorker(parts, props.props, deployment)
}

type Parsed = { readonly ok: true; readonly props: RegistrarProps } | { readonly ok: false; readonly reason: string }

function propsOf(properties: unknown): Parsed {
  const resource = Resource.safeParse(properties)
  if (!resource.success) return { ok: false, reason: 'the resource has no Registration' }
  let json: unknown
  try {
    json = JSON.parse(resource.data.Registration)
  } catch {
    return { ok: false, reason: 'the Registration of the resource is not JSON' }
  }
  const parsed = RegistrarProps.safeParse(json)
  if (parsed.success) return { ok: true, props: parsed.data }
  const issues = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
  return { ok: false, reason: `the Registration of the resource: ${issues.join('; ')}` }
}

function wordsOf(error: unknown): string {
  if (error instanceof ApiError) return error.message
  return `the registrar failed (${error instanceof Error ? error.message : String(error)}); its log says more`
}

/** CloudFormation takes 4,096 bytes in all. */
const reasonBytesMost = 2_500
const utf8 = new TextEncoder()

function bodyOf(hub: string, request: Request, outcome: Outcome): string {
  const { StackId, RequestId, LogicalResourceId } = request
  return JSON.stringify({
    Status: outcome.ok ? 'SUCCESS' : 'FAILED',
    ...(outcome.ok ? {} : { Reason: fitted(outcome.reason) }),
    PhysicalResourceId: physicalIdOf(hub, request, outcome),
    ...{ StackId, RequestId, LogicalResourceId },
    ...(outcome.ok && outcome.generation !== undefined ? { Data: { Generation: outcome.generation } } : {}),
  })
}

/**
 * Stable for a worker of a hub. Another one tells CloudFormation to delete what had the old, so a failed update keeps
 * what there was.
 */
function physicalIdOf(hub: string, request: Request, outcome: Outcome): string {
  const standing = request.PhysicalResourceId
  if (standing !== undefined && (request.RequestType === 'Delete' || !outcome.ok)) return standing
  const props = propsOf(request.ResourceProperties)
  return `${hub}/${props.ok ? props.props.worker : 'unregistered'}`
}

function fitted(reason: string): string {
  let cut = reason.slice(0, reasonBytesMost)
  while (utf8.encode(JSON.stringify(cut)).byteLength > reasonBytesMost) cut = cut.slice(0, Math.floor(cut.length * 0.9))
  return cut.length < reason.length ? `${cut} …` : cut
}

async function send({ put, world }: CustomResourceParts, url: string, body: string): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await put(url, body)
    } catch (error) {
      // Thrown, so that Lambda calls again: the same request does the same.
      if (tries === answerTriesMost) throw error
      world.log.warn('registrar.answer-again', { tries, error: String(error) })
      await world.clock.wait(answerAgainMs * 2 ** (tries - 1))
    }
  }
}
