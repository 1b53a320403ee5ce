import { headSk } from '#core/keys'
import type { Write } from '#core/ports'
import { type Databases, decodeItem } from './databases.ts'
import { decodeText, textOfRecord } from './head-record.ts'
import type { Heads } from './heads.ts'

/** How many entries one sweep looks at in each database; the next one goes on behind them, round and round. */
const lookedMost = 1_000

type Apply = (writes: readonly Write[]) => Promise<unknown>

/** Removal of what has passed its retention: a walk in small parts, so that it never holds up a task. */
export function createSweep(databases: Databases, heads: Heads, apply: Apply): (now: number) => Promise<number> {
  let endedAfter: string | undefined
  let itemsAfter: string | undefined

  return async (now) => {
    const writes: Write[] = []
    endedAfter = walk(databases.ended, endedAfter, (pk, text) => {
      const { born, n, expiresAt } = decodeText(textOfRecord(text))
      // A task that was retried has a newer head elsewhere: the condition spares it.
      if (expiresAt === undefined || expiresAt > now || heads.isOpen(pk)) return
      writes.push({ kind: 'delete', key: { pk, sk: headSk }, condition: { kind: 'at', born, n } })
    })
    itemsAfter = walk(databases.items, itemsAfter, (key, text) => {
      const { pk, sk, expiresAt } = decodeItem(key, text)
      if (expiresAt !== undefined && expiresAt <= now)
        writes.push({ kind: 'delete', key: { pk, sk }, condition: { kind: 'any' } })
    })
    if (writes.length > 0) await apply(writes)
    return writes.length
  }
}

function walk(
  database: Databases['items'],
  after: string | undefined,
  look: (key: string, text: string) => void,
): string | undefined {
  let looked = 0
  let last: string | undefined
  const range = after === undefined ? {} : { start: after, exclusiveStart: true }
  for (const { key, value } of database.getRange({ ...range, limit: lookedMost })) {
    look(key, value)
    last = key
    looked++
  }
  return looked < lookedMost ? undefined : last
}
