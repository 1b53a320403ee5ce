import { reservedFiles } from '#core/contract/reserved-files'
import type { TaskError, TaskResult } from '#core/contract/task'
import type { End, RunResult } from '#core/contract/worker-protocol'
import type { HeldFile } from '#core/files/held-file'
import { type FileAsk, holdFiles, letGo } from '#core/files/hold'
import { readHead } from '#core/tasks/move'
import type { Principal, World } from '#core/world'

/** Files that a run names at its end. */

/** Most ends name none, and go their way without a look at anything. */
export function namesFiles(end: End): end is Extract<End, { kind: 'succeed' }> & { readonly result: RunResult } {
  if (end.kind !== 'succeed' || end.result === undefined) return false
  const { files = [], outputPayload } = end.result
  return files.length > 0 || outputPayload !== undefined
}

/** The result as the head keeps it: what names files is told apart from it. */
export function plainResult(result: RunResult | undefined): TaskResult | undefined {
  if (result === undefined || isPlain(result)) return result
  const { output, messages } = result
  return output === undefined && messages === undefined ? undefined : { output, messages }
}

function isPlain(result: RunResult): result is RunResult & { readonly files?: undefined } {
  return result.files === undefined && result.outputPayload === undefined
}

export type ResultFiles =
  | { readonly kind: 'held'; readonly files: readonly HeldFile[]; readonly letGo: () => Promise<void> }
  | { readonly kind: 'refused'; readonly error: TaskError }
  /** The run does not own the task: ending it will say so. */
  | { readonly kind: 'not-owner' }

export async function holdResultFiles(
  world: World,
  by: Principal,
  end: Extract<End, { kind: 'succeed' }> & { readonly result: RunResult },
): Promise<ResultFiles> {
  const { taskId, run, result } = end
  const head = await readHead(world, taskId)
  if (head?.run?.id !== run) return { kind: 'not-owner' }
  const files = filesAsked(result)
  const clash = files.find(({ name }) => head.files?.some((input) => input.name === name))
  if (clash !== undefined) return refused(`the task came with a file of the name ${clash.name} already`)
  const ask = { taskId, born: head.born, by, files }
  const outcome = await holdFiles(world, ask)
  if (outcome.kind === 'refused') return refused(`${files[outcome.index]?.name}: ${outcome.message}`)
  return { kind: 'held', files: outcome.files, letGo: () => letGo(world, ask) }
}

function filesAsked({ files = [], outputPayload }: RunResult): readonly FileAsk[] {
  if (outputPayload === undefined) return files
  return [...files, { name: reservedFiles.output, payload: outputPayload }]
}

function refused(why: string): ResultFiles {
  return { kind: 'refused', error: { code: 'invalid-files', message: `The result's files: ${why}`, retryable: true } }
}
