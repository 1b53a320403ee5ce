import type { Step } from '../../core/contract/steps.ts'

/** How many sub tasks a task has by its steps, which tell it without a look at each. */
export interface SubTaskCount {
  readonly count: number
  /** False where a step made some and does not say how many. */
  readonly isWhole: boolean
}

export function countSubTasks(steps: readonly Step[]): SubTaskCount {
  const makers = steps.filter(({ kind }) => kind === 'call' || kind === 'create')
  return {
    count: makers.reduce((sum, { count = 0 }) => sum + count, 0),
    isWhole: makers.every(({ count }) => count !== undefined),
  }
}
