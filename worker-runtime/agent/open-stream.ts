import { request as requestPlain } from 'node:http'
import { request as requestSecure } from 'node:https'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { systemClock } from '#adapters/system/clock'
import { signRequest } from '#client/sign'
import type { HubPlace } from '../link.ts'

/** Opens the worker stream: one signed GET that the hub turns into lines in both directions (101). */

export const streamProtocol = 'taskurai-worker/1'
const openMostMs = 10_000
const keepAliveMs = 10_000
const refusalChars = 2_000

export type Opened =
  | {
      readonly kind: 'open'
      readonly socket: Duplex
      readonly head: string
      readonly clockOffMs: number | undefined
      /** How long nothing has come of what goes through an open stream; 0 while all is well. */
      readonly awayMs?: () => number
    }
  /** Nobody answers, or the hub cannot now: try again. */
  | { readonly kind: 'away'; readonly message: string }
  /** The hub answers and says no: wrong keys, wrong address, another protocol. */
  | { readonly kind: 'refused'; readonly message: string }

export async function openStream(hub: Extract<HubPlace, { kind: 'server' }>): Promise<Opened> {
  const { endpoint, credentials, region } = hub
  const url = new URL(endpoint)
  url.pathname = `${url.pathname.replace(/\/$/, '')}/v1/worker-protocol/stream`
  const signed = await signRequest({ method: 'GET', url, headers: {} }, { credentials, region, now: systemClock.now() })
  const headers = { ...signed, connection: 'Upgrade', upgrade: streamProtocol }
  const send = url.protocol === 'https:' ? requestSecure : requestPlain
  return await new Promise<Opened>((resolve) => {
    const request = send(url, { headers, timeout: openMostMs, agent: false })
    request.on('timeout', () => request.destroy(new Error(`no answer within ${openMostMs / 1_000} s`)))
    request.on('error', (error) => resolve({ kind: 'away', message: `${url.origin}: ${error.message}` }))
    request.on('upgrade', (response, socket, head) => {
      if (socket instanceof Socket) {
        socket.setNoDelay(true)
        socket.setKeepAlive(true, keepAliveMs)
        socket.setTimeout(0)
      }
      const date = Date.parse(response.headers.date ?? '')
      // The header counts whole seconds: half of one is the best guess.
      const clockOffMs = Number.isNaN(date) ? undefined : date + 500 - systemClock.now()
      resolve({ kind: 'open', socket, head: head.toString('utf8'), clockOffMs })
    })
    request.on('response', (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        if (text.length < refusalChars) text += chunk
      })
      const settle = () => resolve(refusal(url, response.statusCode ?? 0, text))
      response.on('end', settle)
      response.on('error', settle)
    })
    request.end()
  })
}

function refusal(url: URL, status: number, body: string): Opened {
  const message = `${url.origin} answered ${status} to the worker stream: ${body.slice(0, refusalChars)}`
  return { kind: status >= 500 || status === 429 || status === 408 ? 'away' : 'refused', message }
}
