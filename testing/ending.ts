import type { TaskError } from '#core/contract/task'
import { End } from '#core/contract/worker-protocol'
import { taskError } from '#worker-runtime/failure'
import type { Told } from './life.ts'
import type { Ended } from './run-once.ts'
import type { TestedFile, TestFiles } from './test-files.ts'
import type { RunOutcome } from './tested-task.ts'

/** What the end of a run means: to the task's head, and to whoever reads about the run. */
export interface Ending {
  readonly event: Told
  readonly outcome: RunOutcome
  readonly error?: TaskError
  readonly files?: readonly TestedFile[]
}

export function endingOf(run: string, ended: Exclude<Ended, { kind: 'suspended' }>, files: TestFiles): Ending {
  if (ended.kind === 'hand-back') {
    return { event: { kind: 'hand-back', run, reason: ended.reason }, outcome: 'interrupted' }
  }
  const end = endOf(ended.line)
  const { children } = end
  switch (end.kind) {
    case 'succeed': {
      const told = files.resultOf(end.result)
      return { event: { kind: 'succeed', run, result: told.result, children }, outcome: 'succeeded', files: told.files }
    }
    case 'fail': {
      const error = end.timedOut === true ? { ...end.error, code: 'timeout' } : end.error
      const outcome = end.timedOut === true ? 'timed-out' : 'failed'
      return { event: { kind: 'fail', run, error, children }, outcome, error }
    }
    case 'stop':
      return { event: { kind: 'stop', run, children }, outcome: 'canceled' }
    case 'expire':
      return { event: { kind: 'give-up', run, children }, outcome: 'expired' }
    default:
      return end satisfies never
  }
}

/** A line that the hub would refuse fails the run, as the agent does it. */
function endOf(line: string): End {
  const end = End.safeParse(JSON.parse(line))
  if (end.success) return end.data
  const why = end.error.issues[0]?.message ?? 'no reason given'
  const { taskId, run }: { taskId: string; run: string } = JSON.parse(line)
  const error = taskError('end-refused', `The hub refused the end of the run: ${why}`, false)
  return { kind: 'fail', taskId, run, error }
}
