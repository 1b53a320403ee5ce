import { limits } from '#core/contract/limits'
import { StepId, type StepKind, type StepRecord } from '#core/contract/steps'
import { TaskFailure } from '../failure.ts'
import { diverged } from './flow-failures.ts'

/** What this run knows of its task's steps: told with the grant, and by the hub since. */
export interface RunMemory {
  /** The record of this step, if there is one. Each id is asked for once a run, and always as the same kind of step. */
  readonly begin: (id: string, kind: StepKind, count?: number) => StepRecord | undefined
  readonly learn: (record: StepRecord) => void
  readonly get: (id: string) => StepRecord | undefined
  readonly all: () => Iterable<StepRecord>
  /** Of JSON that all results have which lie in the steps themselves. */
  readonly inlineBytes: () => number
}

export function createRunMemory(steps: readonly StepRecord[]): RunMemory {
  const records = new Map(steps.map((record) => [record.id, record]))
  const asked = new Set<string>()
  /** Counted when it is first asked for: most runs have no new step. */
  let inlineBytes: number | undefined

  return {
    begin: (id, kind, count) => {
      const parsed = StepId.safeParse(id)
      if (!parsed.success) {
        throw new TypeError(`'${String(id)}' is no step id: ${parsed.error.issues[0]?.message ?? 'it is malformed'}`)
      }
      if (asked.has(id)) throw diverged(`the step id ${id} is used twice in one run: each step needs an id of its own`)
      asked.add(id)
      const record = records.get(id)
      if (record === undefined && records.size >= limits.steps) {
        const message = `a task remembers at most ${limits.steps} steps (limit steps); ${id} would be one more`
        throw new TaskFailure(message, { code: 'too-many-steps', retryable: false })
      }
      if (record === undefined) return undefined
      if (record.kind !== kind) {
        throw diverged(`the step ${id} is a ${kind} now and was a ${record.kind} in an earlier run of this task`)
      }
      if (count !== undefined && record.count !== undefined && record.count !== count) {
        throw diverged(
          `the step ${id} has ${count} sub tasks now and had ${record.count} in an earlier run of this task`,
        )
      }
      return record
    },
    learn: (record) => {
      if (inlineBytes !== undefined) inlineBytes += bytesOf(record) - bytesOf(records.get(record.id))
      records.set(record.id, record)
    },
    get: (id) => records.get(id),
    all: () => records.values(),
    inlineBytes: () => {
      inlineBytes ??= [...records.values()].reduce((sum, record) => sum + bytesOf(record), 0)
      return inlineBytes
    },
  }
}

function bytesOf(record: StepRecord | undefined): number {
  return record?.output === undefined ? 0 : Buffer.byteLength(JSON.stringify(record.output))
}
