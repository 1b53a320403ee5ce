import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Line } from '../../call.ts'
import { call } from '../../call.ts'
import { type Connection, isLoopback } from '../../credentials.ts'
import { TaskuraiError } from '../../error.ts'
import { explainUnreachable } from '../../explain.ts'
import { type Check, fail, failInWords, ok, reasonOf, warn } from './check.ts'
import { aheadOf } from './clock.ts'

/** The way to the hub: its address, its clock, its word on our key. */

export interface Greeting {
  readonly check: Check
  readonly isHub: boolean
  /** Milliseconds by which this machine's clock is ahead of the hub's. */
  readonly aheadMs: number | undefined
}

const greetSeconds = 5

export async function greet(line: Line): Promise<Greeting> {
  const { endpoint } = line.connection
  const url = new URL(`${endpoint.pathname.replace(/\/$/, '')}/healthz`, endpoint)
  const sentAt = line.system.now()
  const nothing = { isHub: false, aheadMs: undefined }
  try {
    const signal = AbortSignal.timeout(greetSeconds * 1_000)
    const { status, text, header } = await line.transport({ method: 'GET', url, headers: {}, signal })
    const tookMs = line.system.now() - sentAt
    if (status !== 200 || !isJson(text)) {
      const says = `${endpoint.origin} answers with status ${status}, and is no hub`
      return { ...nothing, check: fail('endpoint', says, 'set TASKURAI_ENDPOINT to the hub, or start one elsewhere') }
    }
    const aheadMs = aheadOf({ date: header('date'), sentAt, tookMs })
    return { isHub: true, aheadMs, check: ok('endpoint', `${endpoint.origin} answers in ${tookMs} ms`) }
  } catch (error) {
    const isSlow = error instanceof Error && error.name === 'TimeoutError'
    const told = isSlow
      ? `${endpoint.origin} did not answer in ${greetSeconds} seconds`
      : explainUnreachable(endpoint, error)
    const isAway = isLoopback(endpoint) && !isSlow
    const away = isAway ? told.split('. ', 1).join('') : told
    const advice = isAway
      ? 'start it with: taskurai serve (or set TASKURAI_ENDPOINT)'
      : 'is it overloaded, or the network down?'
    return { ...nothing, check: failInWords('endpoint', away, advice) }
  }
}

const othersMayRead = 0o077

/** The file that the keys came from is its owner's alone. */
export async function checkKeyFile({ source }: Connection, cwd: string): Promise<Check | undefined> {
  const path = /^profile \[.*\] of (.+)$/.exec(source)?.[1]
  if (path === undefined || process.platform === 'win32') return undefined
  const { mode } = await stat(resolve(cwd, path))
  if ((mode & othersMayRead) === 0) return ok('key file', `${path} is its owner's alone`)
  const octal = (mode & 0o777).toString(8)
  return warn(
    'key file',
    `${path} can be read by others (mode ${octal})`,
    `chmod 600 ${path}; consider making new keys`,
  )
}

/** A key with few allows need not be allowed to list: that it is told so means that it is known. */
export async function checkKey(line: Line): Promise<Check> {
  const { source, credentials } = line.connection
  const name = 'keys'
  const which = `${credentials.accessKeyId} from ${source}`
  try {
    await call(line, { method: 'GET', path: '/v1/workers' })
    return ok(name, `${which} is accepted`)
  } catch (error) {
    if (!(error instanceof TaskuraiError) || error.code !== 'forbidden') {
      return fail(name, `${which} could not be tried: ${firstLine(reasonOf(error))}`, 'try again')
    }
    const said = firstLine(error.detail)
    if (/ may not | not authorized /.test(said)) return ok(name, `${which} is accepted; it may not list workers`)
    return fail(name, said, `keys in use: ${which}; see AWS_PROFILE, or taskurai keys list`)
  }
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? ''
}

function isJson(text: string): boolean {
  try {
    return typeof JSON.parse(text) === 'object'
  } catch {
    return false
  }
}
