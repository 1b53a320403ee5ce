import type { FieldIssue } from '#core/contract/errors'
import { limits } from '#core/contract/limits'
import type { When } from '#core/contract/new-task'
import { instant } from '#core/tasks/create'

/** When a task may start, epoch ms; null takes a time away that stands, undefined leaves it. */
export interface StartWindow {
  readonly startAfter: number | null | undefined
  readonly notStartAfter: number | null | undefined
}

interface AskedWindow {
  readonly startAfter?: When | null | undefined
  readonly notStartAfter?: When | null | undefined
}

/**
 * Core refuses an impossible window too, but one task at a time: of a batch nothing may be made when one cannot be.
 * `standing` are the task's times that a change leaves as they are.
 */
export function windowFault(
  asked: AskedWindow,
  now: number,
  standing: Partial<StartWindow> = {},
): FieldIssue | undefined {
  for (const name of ['startAfter', 'notStartAfter'] as const) {
    if (isTooFar(asked[name], now)) {
      const message = `lies more than ${limits.delaySeconds} seconds ahead (limit delaySeconds)`
      return { field: `/${name}`, message }
    }
  }
  const { startAfter = standing.startAfter, notStartAfter = standing.notStartAfter } = windowOf(asked, now)
  if (typeof notStartAfter !== 'number' || notStartAfter >= Math.max(now, startAfter ?? 0)) return undefined
  return { field: '/notStartAfter', message: 'lies before the task may start' }
}

export function windowOf({ startAfter, notStartAfter }: AskedWindow, now: number): StartWindow {
  return {
    startAfter: startAfter === null ? null : instant(startAfter, now),
    notStartAfter: notStartAfter === null ? null : instant(notStartAfter, now),
  }
}

/** Core would cut such a time down without a word; relative ones are bounded by their schema. */
function isTooFar(when: When | null | undefined, now: number): boolean {
  return typeof when === 'string' && Date.parse(when) - now > limits.delaySeconds * 1_000
}
