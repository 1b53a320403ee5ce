import type { Step } from '#core/contract/steps'
import { readChildren } from '#core/flow/children'
import { type Remembered, readRemembered } from '#core/flow/remembered'
import type { Head } from '#core/head'
import { iso } from '#core/wire'
import type { World } from '#core/world'

/** What a task remembers of its steps and what it waits for, as people read it: the oldest first. */
export async function readShownSteps(world: World, head: Head): Promise<Step[]> {
  const [remembered, made] = await Promise.all([readRemembered(world, head), readChildren(world, head)])
  const counts = new Map(made.map(({ step, count }) => [step, count]))
  return shownSteps(remembered, head).map((step) => ({ ...step, count: counts.get(step.id) ?? step.count }))
}

/** What a task waited for at its end was waited for until then. */
function shownSteps({ steps, waits }: Remembered, { stoppedAt }: Head): readonly Step[] {
  const time = (at: number | undefined) => (at === undefined ? undefined : iso(at))
  const over = steps.map(({ id, kind, state, startedAt, endedAt, tries, output, error, count }) => ({
    at: startedAt ?? endedAt,
    step: { id, kind, state, startedAt: time(startedAt), endedAt: time(endedAt), tries, output, error, count },
  }))
  const open = waits.map(({ wait, kind, at }) => ({
    at,
    step: {
      ...{ id: wait.id, kind, state: 'open' as const, startedAt: iso(at), endedAt: time(stoppedAt) },
      ...('until' in wait && wait.until !== undefined ? { until: iso(wait.until) } : {}),
      ...(wait.kind === 'signal' ? { waitsFor: `signal ${wait.name}` } : {}),
      ...(wait.kind === 'wait' ? { waitsFor: `sub tasks of ${wait.of.map(({ step }) => step).join(', ')}` } : {}),
    },
  }))
  return [...over, ...open].sort((a, b) => a.at - b.at).map(({ step }) => step)
}
