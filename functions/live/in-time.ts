import type { Sockets } from './sockets.ts'

/** So much is left for what follows: notes of what was not told, and the answer. */
const reserveMs = 10_000

/**
 * Connections for who has to be done at a certain time, as a function in an account has. What does not fit any more has
 * failed: of an end a note is left for the clock, and any other state is followed by the next one.
 */
export function inTime(sockets: Sockets, remainingMs: () => number): Sockets {
  const isTime = () => remainingMs() > reserveMs
  return {
    ...sockets,
    send: (connectionId, message) => (isTime() ? sockets.send(connectionId, message) : 'failed'),
    close: (connectionId, reason) => (isTime() ? sockets.close(connectionId, reason) : undefined),
  }
}

/** Where nobody can watch any more, since the hub is deployed without an endpoint for that: all who did are gone. */
export const nobody: Sockets = { send: () => 'gone', close: () => undefined }
