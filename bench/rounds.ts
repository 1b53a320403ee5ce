/**
 * Interleaving. In a round every subject's server is started anew and stays up, idle, while the measures go round:
 * one measure on each subject, then the next measure. So the two sides of a ratio lie seconds apart. Who goes first
 * changes from turn to turn, since the first may find a cooler machine.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Figures, Measure, Sizes } from './measures.ts'
import type { Subject } from './subject.ts'
import { warmUp } from './submitting.ts'
import type { SubjectResult } from './table.ts'

export interface Plan {
  readonly rounds: number
  readonly subjects: readonly Subject[]
  readonly measures: readonly Measure[]
  readonly sizes: Sizes
  readonly say: (line: string) => void
}

export interface Outcome {
  readonly results: readonly SubjectResult[]
  /** What went wrong, in words; a low figure is never among it. */
  readonly failures: readonly string[]
}

export async function runRounds(plan: Plan): Promise<Outcome> {
  const failures: string[] = []
  const rounds: Map<string, Figures>[] = []
  for (let round = 0; round < plan.rounds; round++) rounds.push(await runRound(plan, round, failures))
  const results = plan.subjects.map(({ name, role, kept }) => ({
    name,
    role,
    kept,
    rounds: rounds.map((figures) => figures.get(name) ?? {}),
  }))
  return { results, failures }
}

async function runRound(plan: Plan, round: number, failures: string[]): Promise<Map<string, Figures>> {
  const figures = new Map<string, Figures>()
  const out = new Set<Subject>()
  // A subject that failed may have left tasks behind: it sits out the rest of the round.
  const attempt = async (subject: Subject, what: string, work: () => Promise<Figures>) => {
    if (out.has(subject)) return
    try {
      const made = await work()
      figures.set(subject.name, { ...figures.get(subject.name), ...made })
      plan.say(`round ${round + 1}  ${subject.name}  ${what}  ${renderFigures(made)}`)
    } catch (error) {
      out.add(subject)
      failures.push(`round ${round + 1}, ${subject.name}, ${what}: ${String(error)}`)
    }
  }
  try {
    for (const subject of plan.subjects) {
      await attempt(subject, 'warm-up', async () => {
        await subject.start()
        await warmUp(subject)
        return {}
      })
    }
    for (const [turn, measure] of plan.measures.entries()) {
      for (const subject of rotate(plan.subjects, round + turn)) {
        collectGarbage()
        await attempt(subject, measure.name, () => measure.run(subject, plan.sizes))
      }
    }
  } finally {
    for (const subject of plan.subjects) await stop(subject, failures)
  }
  return figures
}

async function stop(subject: Subject, failures: string[]): Promise<void> {
  try {
    await subject.stop()
  } catch (error) {
    failures.push(`${subject.name}, stop: ${String(error)}`)
  }
}

/** The submitter is shared: what one subject's client left on the heap must not be collected on another's clock. */
const collectGarbage = (): void => {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
}

export const rotate = <T>(items: readonly T[], by: number): readonly T[] =>
  items.map((_, i) => items[(i + by) % items.length]).filter((item) => item !== undefined)

const renderFigures = (figures: Figures): string =>
  Object.entries(figures)
    .map(([name, value]) => `${name} ${value >= 1_000 ? Math.round(value) : value.toFixed(1)}`)
    .join(', ')
