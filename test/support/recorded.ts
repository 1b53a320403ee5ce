import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** What workers of test/fixtures/workers wrote down in a record folder. */
export interface Recorded {
  readonly pid: number
  readonly task?: string
  readonly run?: number
}

export function readRecord(folder: string, file: string): readonly Recorded[] {
  const lines = readText(join(folder, file)).split('\n')
  // A process killed while it wrote may have left half a line.
  return lines.flatMap((line) => {
    try {
      return [JSON.parse(line) as Recorded]
    } catch {
      return []
    }
  })
}

/** Instances that announced themselves and live. A process id that went to another program is told by its words. */
export function livingInstances(folder: string): readonly number[] {
  return readRecord(folder, 'instances')
    .map(({ pid }) => pid)
    .filter((pid) => isInstance(pid))
}

function isInstance(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch {
    return false
  }
  if (process.platform !== 'linux') return true
  const words = readText(`/proc/${pid}/cmdline`).split('\0')
  return (
    words.some((word) => word.includes('instance-child')) && words.some((word) => word.includes('fixtures/workers'))
  )
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
