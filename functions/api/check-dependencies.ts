import type { FieldIssue } from '#core/contract/errors'
import type { NewTask } from '#core/contract/new-task'
import { dependencyFaults } from '#core/flow/check-dependencies'
import type { Head } from '#core/head'
import type { World } from '#core/world'
import { refusal } from './field-issues.ts'

export interface DependenciesCheck {
  readonly task: NewTask
  /** Where the task stands in the request. */
  readonly at: string
  readonly taskId?: string | undefined
  /** It is a sub task of this one. */
  readonly parent?: Head | undefined
}

/** Throws an ApiError that names each place at fault: `/dependsOn/0`. */
export async function checkDependencies(world: World, { task, at, taskId, parent }: DependenciesCheck): Promise<void> {
  const { dependsOn } = task
  if (dependsOn === undefined) return
  const faults = await dependencyFaults(world, { dependsOn, taskId, parent })
  const issues = faults.map(({ index, message }): FieldIssue => ({ field: `${at}/dependsOn/${index}`, message }))
  if (issues.length > 0) throw refusal('invalid', issues)
}
