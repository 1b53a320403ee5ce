import type { RunAnswer } from '#core/contract/worker-protocol'

/** The hub's word on each run of a call; read by hand, since this is the hot path and the hub's own schema made it. */
export function outcomesOf(answer: unknown): readonly RunAnswer[] {
  if (typeof answer !== 'object' || answer === null || !('runs' in answer) || !Array.isArray(answer.runs)) return []
  return answer.runs
}
