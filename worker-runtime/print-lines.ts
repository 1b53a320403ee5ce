import type { Writable } from 'node:stream'
import { limits } from '#core/contract/limits'

/**
 * Lines on their way out of the process. Whoever reads them may fall asleep: what waits for him is held in memory up to
 * a limit, and beyond it lines are counted instead, since no run may wait for its log.
 */
export interface Printer {
  readonly print: (line: string) => void
  /** So far, whether anybody has read it or not. */
  readonly printedBytes: () => number
}

/** `tellLost` says how many lines were lost, once there is room again, in front of the next one. */
export function createPrinter(
  stream: Pick<Writable, 'write' | 'writableLength'>,
  tellLost: (lines: number) => void,
): Printer {
  let printedBytes = 0
  let lost = 0
  return {
    print: (line) => {
      if (stream.writableLength > limits.logPendingBytes) {
        lost++
        return
      }
      if (lost > 0) {
        const lines = lost
        lost = 0
        tellLost(lines)
      }
      printedBytes += Buffer.byteLength(line)
      stream.write(line)
    },
    printedBytes: () => printedBytes,
  }
}
