/** The processes and folders that the bench made: none outlives it, and only these are ever ended or removed. */
import type { ChildProcess } from 'node:child_process'
import { rmSync } from 'node:fs'
import { mkdtemp, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { STOP_TIMEOUT_MS } from './subject.ts'

const owned = new Set<ChildProcess>()
const ownedFolders = new Set<string>()

process.on('exit', () => {
  for (const child of owned) child.kill('SIGKILL')
  for (const folder of ownedFolders) removeFolder(folder)
})

/** Makes a folder for one store; it goes by `removeFolder`, or with the bench at the latest. */
export async function makeFolder(parent: string, name: string): Promise<string> {
  const folder = await mkdtemp(join(parent, `taskurai-bench-${name}-`))
  ownedFolders.add(folder)
  return folder
}

export function removeFolder(folder: string): void {
  ownedFolders.delete(folder)
  // Tried again a few times: a process that was killed a moment ago may still be writing.
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
}

/** From now on the child ends with the bench at the latest. */
export function ownProcess(child: ChildProcess): void {
  owned.add(child)
  child.once('exit', () => owned.delete(child))
}

/** Resolves when the child is gone: asked by SIGTERM, or leaving `byItself`; killed where that takes too long. */
export async function endProcess(child: ChildProcess, how: 'SIGTERM' | 'byItself'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  if (how === 'SIGTERM') child.kill('SIGTERM')
  const killer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS)
  await gone
  clearTimeout(killer)
}

/** Linux counts CPU time in hundredths of a second towards programs, whatever the kernel's own tick. */
const TICK_MICROS = 10_000

/**
 * User and system time of processes, with all their threads and the children they have reaped (Redis forks to rewrite
 * its log). Undefined where there is no /proc. The kernel's own work for flushes belongs to nobody and isn't in it.
 */
export async function readCpuMicros(pids: readonly number[]): Promise<number | undefined> {
  let micros = 0
  for (const pid of pids) {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
    if (stat === undefined) return undefined
    micros += parseCpuTicks(stat) * TICK_MICROS
  }
  return micros
}

/** The name in brackets may hold spaces and brackets itself, so fields are counted from the last bracket. */
export function parseCpuTicks(stat: string): number {
  const fields = stat
    .slice(stat.lastIndexOf(')') + 2)
    .trim()
    .split(' ')
  const [utime = Number.NaN, stime = Number.NaN, cutime = Number.NaN, cstime = Number.NaN] = fields
    .slice(11, 15)
    .map(Number)
  return utime + stime + cutime + cstime
}
