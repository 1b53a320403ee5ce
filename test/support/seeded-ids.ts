import { createHash } from 'node:crypto'
import { ulidOfText } from '#adapters/system/ids'
import type { Ids } from '#core/ports'

/** Ids that come from a given chance alone, in rising order, so that a test's world is the same every time. */
export function createIds(chance: () => number): Ids {
  let count = 0
  const fresh = () => `${String(count++).padStart(8, '0')}${Math.floor(chance() * 1_679_616).toString(36)}`
  return {
    next: () => ulidOfText(`${fresh()} ${chance()}`),
    token: fresh,
    ofText: ulidOfText,
    sha256: (text) => createHash('sha256').update(text).digest('hex'),
  }
}
