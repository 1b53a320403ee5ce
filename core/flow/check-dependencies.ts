import { limits } from '../contract/limits.ts'
import { taskIdPattern } from '../contract/names.ts'
import type { Head } from '../head.ts'
import { readHead } from '../tasks/move.ts'
import type { World } from '../world.ts'
import { isOpenDependent, readList } from './dependency-items.ts'
import { inChunks } from './list-all.ts'

/** What speaks against a dependency, before its dependent is made (protocol 26). */
export interface DependencyFault {
  /** Place in the list. */
  readonly index: number
  readonly message: string
}

export interface DependencyCheck {
  readonly dependsOn: readonly string[]
  /** Of the task itself, where it is known before. */
  readonly taskId?: string | undefined
  /** It is a sub task of this one. */
  readonly parent?: Head | undefined
}

const readAtOnce = 50

export async function dependencyFaults(
  world: World,
  { dependsOn, taskId, parent }: DependencyCheck,
): Promise<readonly DependencyFault[]> {
  const asked = [...new Set(dependsOn)].filter((id) => taskIdPattern.test(id))
  const [absent, ancestors] = await Promise.all([absentOf(world, asked), ancestorsOf(world, parent)])
  const circular = await waitingForThem(world, asked, ancestors)
  return dependsOn.flatMap((id, index) => {
    const message = faultOf(id, { taskId, absent, ancestors, circular })
    return message === undefined ? [] : [{ index, message }]
  })
}

interface Known {
  readonly taskId: string | undefined
  readonly absent: ReadonlySet<string>
  readonly ancestors: ReadonlySet<string>
  readonly circular: ReadonlyMap<string, string>
}

function faultOf(id: string, { taskId, absent, ancestors, circular }: Known): string | undefined {
  if (!taskIdPattern.test(id)) return `'${id}' is no id of a task; a ref names a task of the same batch`
  if (id === taskId) return 'is the task itself'
  if (ancestors.has(id)) return `${id} is an ancestor of this task, which waits for it in turn`
  const above = circular.get(id)
  if (above !== undefined) return `${id} depends on ${above}, an ancestor of this task, which waits for it in turn`
  return absent.has(id) ? `there is no task ${id}` : undefined
}

/** Which of these tasks are not there. */
export async function absentOf(world: World, ids: readonly string[]): Promise<ReadonlySet<string>> {
  const heads = await inChunks(ids, readAtOnce, (id) => readHead(world, id))
  return new Set(ids.filter((_, index) => heads[index] === undefined))
}

/**
 * Which of these tasks wait, by whatever they depend on, for one of the ancestors, and for which. What a task depends on
 * never changes, so that the answer stays true. A graph that is larger than the limit is not walked to its end.
 */
async function waitingForThem(
  world: World,
  ids: readonly string[],
  ancestors: ReadonlySet<string>,
): Promise<ReadonlyMap<string, string>> {
  const circular = new Map<string, string>()
  if (ancestors.size === 0) return circular
  let left = limits.dependenciesWalked
  for (const asked of ids) {
    const seen = new Set([asked])
    for (const id of seen) {
      if (left-- <= 0) return circular
      const head = await readHead(world, id)
      if (head === undefined || !isOpenDependent(head)) continue
      const { on } = await readList(world, head)
      const above = on.find((each) => ancestors.has(each))
      if (above !== undefined) {
        circular.set(asked, above)
        break
      }
      for (const each of on) seen.add(each)
    }
  }
  return circular
}

/** The parent and all above it. A depth that no door lets through ends the walk. */
async function ancestorsOf(world: World, parent: Head | undefined): Promise<ReadonlySet<string>> {
  const ids = new Set<string>()
  let head = parent
  for (let depth = 0; head !== undefined && depth < limits.treeDepth; depth++) {
    ids.add(head.id)
    const above = head.flow?.parent?.id
    if (above === undefined || ids.has(above)) break
    ids.add(above)
    head = await readHead(world, above)
  }
  return ids
}
