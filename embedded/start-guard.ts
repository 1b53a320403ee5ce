/**
 * Lets one starter at a time look at a folder's socket and bind it.
 *
 * Each starter announces itself by a file of its own name, then looks who else is there. Whoever sees nobody else goes
 * in; the lowest name waits for the others, every other one withdraws and tries again. Two can't be in at once: the one
 * that looked later had the other's file before its eyes. A file whose process is dead is removed by whoever sees it,
 * and safely so, since no name is used twice. So nothing has to be cleaned up after a starter that was killed.
 */
import { readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

const prefix = '.starting-'
const namePattern = /^\.starting-(\d+)-/
/** A guard is held for milliseconds; ten seconds of waiting mean that a starter is stuck. */
const mostLooks = 1_000
const lookPauseMs = 10

/** Names this process uses now: a file with its pid and another name is left from an earlier process with that pid. */
const namesInUse = new Set<string>()
let nextNumber = 0

/** The outcome of `guarded`: the work's result, or the starter that has not come to an end. */
export type Guarded<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly waitedFor: string }

/** Runs `work` while no other starter of the same folder runs its own. */
export async function guarded<T>(folder: string, work: () => Promise<T>): Promise<Guarded<T>> {
  nextNumber += 1
  const name = `${prefix}${process.pid}-${Math.trunc(performance.timeOrigin * 1_000)}-${nextNumber}`
  const path = join(folder, name)
  namesInUse.add(name)
  try {
    let others: readonly string[] = []
    let isAnnounced = false
    for (let look = 0; look < mostLooks; look += 1) {
      if (!isAnnounced) await writeFile(path, '')
      isAnnounced = true
      others = await findOthers(folder, name)
      if (others.length === 0) return { ok: true, value: await work() }
      if (others.some((other) => other < name)) {
        await rm(path, { force: true })
        isAnnounced = false
      }
      await delay(lookPauseMs)
    }
    return { ok: false, waitedFor: join(folder, others[0] ?? name) }
  } finally {
    await rm(path, { force: true })
    namesInUse.delete(name)
  }
}

async function findOthers(folder: string, me: string): Promise<readonly string[]> {
  const others: string[] = []
  for (const name of await readdir(folder)) {
    const pid = namePattern.exec(name)?.[1]
    if (pid === undefined || name === me) continue
    if (isAlive(Number(pid), name)) others.push(name)
    else await rm(join(folder, name), { force: true })
  }
  return others
}

function isAlive(pid: number, name: string): boolean {
  if (pid === process.pid) return namesInUse.has(name)
  try {
    process.kill(pid, 0)
    return true
  } catch (cause) {
    // EPERM: it lives under another user.
    return !(cause instanceof Error && 'code' in cause && cause.code === 'ESRCH')
  }
}
