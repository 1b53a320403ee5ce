import type { Platform } from '../../test/support/platform/platform.ts'
import { openWatcher } from '../../test/support/watcher.ts'
import type { Watching } from './price.ts'

/**
 * Each task gets a token and a plain socket on its address, before it starts.
 *
 * @returns to be called when they have ended: what watching came to
 */
export async function watchAll({ client, live }: Platform, ids: readonly string[]): Promise<() => Promise<Watching>> {
  const before = { ...live.counts }
  const standing: number[] = []
  const ends: Promise<unknown>[] = []
  const open = async (id: string): Promise<void> => {
    const { url } = await client.watchToken(id)
    const openedAtMs = performance.now()
    const { closed } = await openWatcher(url)
    ends.push(closed.then(() => standing.push(performance.now() - openedAtMs)))
  }
  await Promise.all(ids.map(open))
  return async () => {
    await Promise.all(ends)
    const minutes = standing.reduce((sum, ms) => sum + Math.ceil(ms / 60_000), 0)
    // The gateway does not count the greetings, for which the function calls itself.
    const calls = live.counts.invoked - before.invoked + ids.length
    return { calls, received: live.counts.received - before.received, minutes }
  }
}
