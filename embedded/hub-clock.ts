import type { Key, Launcher } from '#core/ports'
import type { World } from '#core/world'
import { workBulks } from '#functions/clock/bulks'
import { tickDue, tickMinute } from '#functions/clock/clock'

const tickEveryMs = 1_000
const minuteMs = 60_000

export interface HubClockOptions {
  readonly world: World
  readonly launcher: Launcher
  readonly sweep: (now: number) => Promise<number>
  /** Bells waiting and nobody to take them, in a worker whose last decision was to hold: look again. */
  readonly onSecond: () => Promise<void>
  /** Due entries that are no heads. */
  readonly onOther: (key: Key) => Promise<void>
  readonly onTick: () => void
  readonly onFailed: (error: unknown) => void
}

/** What bulks may take of each second; what others wait for comes in between. */
const bulkMs = 500

function budgetOf({ clock }: World): () => boolean {
  const until = clock.monotonicMs() + bulkMs
  return () => clock.monotonicMs() < until
}

/** The clock of the embedded hub: due tasks each second (a look at a number in memory), the rest each minute. */
export function startHubClock(options: HubClockOptions): { readonly stop: () => Promise<void> } {
  const { world } = options
  let lastMinuteAtMs = world.clock.monotonicMs()
  let working: Promise<void> | undefined

  async function tick(): Promise<void> {
    const now = world.clock.now()
    options.onTick()
    const bulks = new Set<string>()
    await tickDue(world, { onBulk: (taskId) => bulks.add(taskId), onOther: options.onOther })
    await options.onSecond()
    if (bulks.size > 0) await workBulks(world, bulks, { mayGoOn: budgetOf(world) })
    if (world.clock.monotonicMs() - lastMinuteAtMs < minuteMs) return
    lastMinuteAtMs = world.clock.monotonicMs()
    await tickMinute(world, options.launcher)
    await options.sweep(now)
  }

  const timer = setInterval(() => {
    if (working !== undefined) return
    working = tick()
      .catch(options.onFailed)
      .finally(() => {
        working = undefined
      })
  }, tickEveryMs)
  return {
    stop: async () => {
      clearInterval(timer)
      await working
    },
  }
}
