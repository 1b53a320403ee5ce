/** SQS counts in whole seconds. Rounded up: a bell may come a little late, never before its time. */

const holdSecondsMost = 43_200
const delaySecondsMost = 900

export function holdSeconds(ms: number): number {
  return Math.min(holdSecondsMost, wholeSeconds(ms))
}

export function delaySeconds(ms: number): number {
  return Math.min(delaySecondsMost, wholeSeconds(ms))
}

function wholeSeconds(ms: number): number {
  return Math.max(0, Math.ceil(ms / 1_000))
}
