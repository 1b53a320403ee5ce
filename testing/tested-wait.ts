import type { OpenWait } from '#core/contract/steps'
import type { TestedWait } from './tested-task.ts'

/** An open wait as the author of a test reads it. */
export function testedWait(wait: OpenWait): TestedWait {
  const { id } = wait
  const until = 'until' in wait && wait.until !== undefined ? { until: new Date(wait.until) } : {}
  switch (wait.kind) {
    case 'sleep':
      return { id, kind: 'sleep', ...until }
    case 'signal':
      return { id, kind: 'signal', signal: wait.name, ...until }
    case 'wait':
      return { id, kind: 'sub-tasks' }
    case 'step':
      return { id, kind: 'next-try', ...until }
    default:
      return wait satisfies never
  }
}
