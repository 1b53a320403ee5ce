import { bellFor, headOf } from '#core/layout'
import { standingBellHiddenMs } from '#core/standing-bell'
import type { BellQueue } from '../memory/bell-queue.ts'
import type { Databases } from './databases.ts'
import { decodeText, textOfRecord } from './head-record.ts'
import type { Heads } from './heads.ts'
import { replayLine } from './log-entry.ts'

/** Heads as they stood when the store was last written: the checkpoint's records, then the log over them. */
export function recoverHeads(databases: Databases, heads: Heads): void {
  for (const { value } of databases.open.getRange()) {
    const text = textOfRecord(value)
    const slot = heads.restore(decodeText(text), text)
    slot.isDirty = false
    slot.isRecorded = true
  }
  for (const { value } of databases.log.getRange()) {
    for (const line of value.toString('utf8').split('\n')) replayLine(heads, line)
  }
}

/** Every task that its bell guards gets it again, hidden as its head says (protocol 8, 15). */
export function ringAgain(heads: Heads, queue: BellQueue, now: number): void {
  for (const { item } of heads.open()) {
    if (item === undefined) continue
    const head = headOf(item)
    const hiddenMs = standingBellHiddenMs(head, now)
    if (hiddenMs === undefined) continue
    const receivedCount = head.status === 'running' ? 1 : 0
    queue.restore({ bell: bellFor(head, hiddenMs), sentAt: now, receivedCount, hiddenMs })
  }
}
