import { randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, linkSync, openSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

/** Small private files that are whole at every moment: a reader sees the old text or the new one, also after a crash. */

export const PRIVATE_FILE_MODE = 0o600
export const PRIVATE_FOLDER_MODE = 0o700

const LOCK_RETRY_MS = 25
const LOCK_WAIT_LIMIT_MS = 3_000
/** Nobody holds the lock for longer than a few file operations; what is older was left by a crash. */
const ABANDONED_LOCK_MS = 10_000

export function replaceFile(path: string, text: string): void {
  withTemporary(path, text, (temporary) => renameSync(temporary, path))
}

/** Like replaceFile, but only where no file is yet; false if another process was first. */
export function createFile(path: string, text: string): boolean {
  return withTemporary(path, text, (temporary) => {
    try {
      linkSync(temporary, path)
      return true
    } catch (error) {
      if (hasCode(error, 'EEXIST')) return false
      throw error
    }
  })
}

/** Runs `edit` while no other process that asks for the same lock does; undefined if it could not be had in time. */
export async function whileLocked<T>(lockPath: string, edit: () => T): Promise<T | undefined> {
  for (let waitedMs = 0; waitedMs <= LOCK_WAIT_LIMIT_MS; waitedMs += LOCK_RETRY_MS) {
    if (takeLock(lockPath)) {
      try {
        return edit()
      } finally {
        rmSync(lockPath, { force: true })
      }
    }
    if (ageMs(lockPath) > ABANDONED_LOCK_MS) rmSync(lockPath, { force: true })
    await delay(LOCK_RETRY_MS)
  }
  return undefined
}

export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}

function withTemporary<T>(path: string, text: string, put: (temporary: string) => T): T {
  const temporary = `${path}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`
  try {
    const file = openSync(temporary, 'wx', PRIVATE_FILE_MODE)
    try {
      writeFileSync(file, text)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    const result = put(temporary)
    syncFolder(dirname(path))
    return result
  } finally {
    rmSync(temporary, { force: true })
  }
}

/** Without this the new name may be lost when the power goes, though the bytes are on disk. */
function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}

function takeLock(lockPath: string): boolean {
  try {
    closeSync(openSync(lockPath, 'wx', PRIVATE_FILE_MODE))
    return true
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false
    throw error
  }
}

function ageMs(path: string): number {
  const stats = statSync(path, { throwIfNoEntry: false })
  return stats === undefined ? 0 : Date.now() - stats.mtimeMs
}
