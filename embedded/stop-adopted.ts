import { setTimeout as pause } from 'node:timers/promises'

/** An instance that an earlier hub of this folder launched, and that came back to this one by its stream. */
export interface Adopted {
  readonly pid: number
  /** Its stream is open: it has not left yet, and its process id is its own. */
  readonly isHere: () => boolean
}

const lookEveryMs = 50

/**
 * Asks instances to leave that are nobody's children any more, as a hub does with its own, and ends those that have
 * not after `graceMs`. Their streams tell when they have: a process without a parent may stay in the table when dead.
 */
export async function stopAdopted(adopted: readonly Adopted[], graceMs: number): Promise<void> {
  for (const instance of adopted) signal(instance, 'SIGTERM')
  for (let waitedMs = 0; waitedMs < graceMs; waitedMs += lookEveryMs) {
    if (!adopted.some(({ isHere }) => isHere())) return
    await pause(lookEveryMs)
  }
  for (const instance of adopted) signal(instance, 'SIGKILL')
}

function signal({ pid, isHere }: Adopted, name: NodeJS.Signals): void {
  if (!isHere()) return
  try {
    process.kill(pid, name)
  } catch {
    // It is gone, or belongs to somebody else: then its lease decides.
  }
}
