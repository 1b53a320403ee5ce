/** What is measured of each subject, and by how much of it. */

export const children = 10_000
export const stepsInARun = 900
export const parents = 200
export const concurrency = 50

export interface Figures {
  readonly stepsPerSecond: number
  readonly childrenPerSecond: number
  /** From the last sub task's end to the first line of its parent that comes behind. */
  readonly resumeMs: readonly number[]
}

/** Each runs to its end: so many steps in one run, and parents of so many sub tasks, one after the other. */
export interface FlowSubject {
  /** Answers how long the steps took. */
  readonly steps: (count: number) => Promise<number>
  readonly fan: (count: number) => Promise<number>
}

export async function measure({ steps, fan }: FlowSubject): Promise<Figures> {
  const stepsMs = await steps(stepsInARun)
  const from = performance.now()
  await fan(children)
  const fanMs = performance.now() - from
  const resumeMs: number[] = []
  for (let index = 0; index < parents; index++) resumeMs.push(await fan(1))
  return { stepsPerSecond: rate(stepsInARun, stepsMs), childrenPerSecond: rate(children, fanMs), resumeMs }
}

function rate(count: number, ms: number): number {
  return Math.round((count * 1_000) / ms)
}
