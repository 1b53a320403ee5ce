import { isOlder } from '#core/head'
import { headKey } from '#core/keys'
import { headItem, headOf } from '#core/layout'
import type { Key } from '#core/ports'
import { isHead } from './databases.ts'
import type { Staged } from './group-commit.ts'
import {
  applyMoving,
  decodeMoving,
  decodeWhole,
  encodeMoving,
  encodeWhole,
  type HeadText,
  onlyMoved,
} from './head-record.ts'
import type { Heads } from './heads.ts'

/**
 * One line a change: `W` a whole head, `M` a head's moving part, `D` a head removed, `K` the key of another item (which
 * lies in `items` itself). Replaying a line that is older than what stands does nothing, so entries may be replayed
 * over a later checkpoint.
 */

/** Directory rows follow from the feed, and the clock's own notes are nobody's business: neither is told. */
export function isTold({ pk }: Key): boolean {
  return !pk.startsWith('D#') && pk !== 'CLOCK'
}

/** The line of a change, and for a head the texts that its record is made of from now on. */
export function lineOf({ key, item, before, text }: Staged): { readonly line: string; readonly text?: HeadText } {
  if (!isHead(key)) return { line: `K${key.pk} ${key.sk}` }
  if (item === undefined) return { line: `D${key.pk}` }
  const head = headOf(item)
  if (before !== undefined && text !== undefined && before.expiresAt === undefined && onlyMoved(headOf(before), head)) {
    const moving = encodeMoving(head)
    return { line: `M${moving}`, text: { whole: text.whole, moving } }
  }
  const whole = encodeWhole(head)
  return { line: `W${whole}`, text: { whole } }
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
      heads.delete(rest)
      return
    case 'W': {
      const item = headItem(decodeWhole(rest))
      const standing = heads.get(item.pk)
      if (standing === undefined || isOlder(standing, item)) heads.set(item, { whole: rest })
      return
    }
    case 'M': {
      const moving = decodeMoving(rest)
      const pk = headKey(moving.id).pk
      const standing = heads.get(pk)
      const text = heads.text(pk)
      if (standing === undefined || text === undefined) return
      if (standing.born !== moving.born || standing.n >= moving.n) return
      heads.set(headItem(applyMoving(headOf(standing), moving)), { whole: text.whole, moving: rest })
      return
    }
    default:
      return
  }
}
