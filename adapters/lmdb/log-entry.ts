import { isOlder } from '#core/head'
import { headKey } from '#core/keys'
import { headItem, headOf } from '#core/layout'
import type { Key } from '#core/ports'
import { applyMoving, decodeMoving, decodeWhole } from './head-record.ts'
import type { Heads } from './heads.ts'

/**
 * One line a change: `W` a whole head, `M` a head's moving part, `D` a head removed, `K` the key of another item (which
 * lies in `items` itself). Replaying a line that is older than what stands does nothing, so entries may be replayed
 * over a later checkpoint.
 */

/** Directory rows follow from the feed, and the clock's own notes are nobody's business: neither is told. */
export function isTold({ pk }: Key): boolean {
  return !isRow(pk) && pk !== 'CLOCK'
}

export function isRow(pk: string): boolean {
  return pk.startsWith('D#')
}

export function keyOfLine(line: string): Key {
  const rest = line.slice(1)
  switch (line[0]) {
    case 'K': {
      const space = rest.indexOf(' ')
      return { pk: rest.slice(0, space), sk: rest.slice(space + 1) }
    }
    case 'D':
      return { pk: rest, sk: 'HEAD' }
    case 'M':
      return { pk: `T#${decodeMoving(rest).id}`, sk: 'HEAD' }
    default:
      return headKey(decodeWhole(rest).id)
  }
}

/** Applies one line to the heads as a checkpoint left them. */
export function replayLine(heads: Heads, line: string): void {
  const rest = line.slice(1)
  switch (line[0]) {
    case 'D':
      heads.remove(rest)
      return
    case 'W': {
      const item = headItem(decodeWhole(rest))
      const standing = heads.get(item.pk)
      if (standing === undefined || isOlder(standing, item)) heads.restore(item, { whole: rest })
      return
    }
    case 'M': {
      const moving = decodeMoving(rest)
      const slot = heads.find(headKey(moving.id).pk)
      const standing = slot?.item
      if (slot === undefined || standing === undefined) return
      if (standing.born !== moving.born || standing.n >= moving.n) return
      heads.restore(headItem(applyMoving(headOf(standing), moving)), { whole: slot.whole, moving: rest })
      return
    }
    default:
      return
  }
}
