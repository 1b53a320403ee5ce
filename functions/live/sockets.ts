import type { CloseReason, LiveMessage, RefusedCode } from '#core/contract/live'

export type SendOutcome =
  | 'sent'
  /** Nobody is there any more. */
  | 'gone'
  /** Not now: whether it got there is not known. */
  | 'failed'

export interface Outgoing {
  readonly text: string
  /** Of several that wait for one watcher under one name, only the newest is worth sending. */
  readonly about?: string | undefined
}

/** The connections of watchers: `ws` in the embedded hub, API Gateway in an account. */
export interface Sockets {
  /** Answered at once where sending means no waiting. */
  readonly send: (connectionId: string, message: Outgoing) => SendOutcome | Promise<SendOutcome>
  /** After all that was sent. One that is closed already is fine. */
  readonly close: (connectionId: string, reason: CloseReason) => void | Promise<void>
  /** Whether it is there. Absent where nobody can say. */
  readonly isOpen?: (connectionId: string) => boolean | Promise<boolean>
}

export function textOf(message: LiveMessage): string {
  return JSON.stringify(message)
}

const details = {
  'token-expired': 'the token has expired: ask for a new one',
  'token-revoked': 'the token was revoked: ask for a new one',
  'too-many': 'too many connections are open with this token, or to this task or subject',
  noisy: 'it said more than a watcher may say',
  'lifetime-over': 'a connection lives for two hours: connect again',
  'too-slow': 'it took nothing for too long: connect again',
  failed: 'the hub could not read what is watched: connect again',
  'hub-stopping': 'the hub stops: connect again',
} as const satisfies Record<RefusedCode, string>

export function refusalText(code: RefusedCode, detail: string = details[code]): string {
  return textOf({ type: 'refused', code, detail })
}

/** Says why, then closes: not every home can choose the code of its close. */
export async function refuse(sockets: Sockets, connectionId: string, code: RefusedCode): Promise<void> {
  await sockets.send(connectionId, { text: refusalText(code) })
  await sockets.close(connectionId, code)
}
