import type { Task } from '../../../core/contract/task.ts'
import type { Client } from '../../client.ts'
import { TaskuraiError } from '../../error.ts'
import type { System } from '../../system.ts'
import { hasEnded } from '../../wait.ts'
import { countSubTasks, type SubTaskCount } from '../sub-tasks.ts'
import { depthMost } from './tree.ts'

/**
 * The sub tasks under a watched task. However many there are, a hub is asked for few of them, seldom, and no more than
 * a screen can hold: a watcher must not cost more than the work.
 */
export interface Below {
  /** Level by level. */
  readonly tasks: readonly Task[]
  readonly rest: Rest
}

/** Those that are not shown, as far as it is known how many they are. */
export interface Rest {
  readonly count: number
  readonly isMore: boolean
}

export const noRest: Rest = { count: 0, isMore: false }

/** Sub tasks that are shown under one watched task. */
const shownMost = 50
const pollEveryMs = 1_000
/** Parents that are asked in one poll; the others have their turn in the next ones. */
const asksMost = 10
/** All steps are read only to count sub tasks. */
const countEveryMs = 10_000

/** What a parent answered. */
interface Answer {
  readonly askedAt: number
  readonly tasks: readonly Task[]
  readonly hasMore: boolean
  /** Nothing can change any more: the parent had ended, and so had all that came. */
  readonly isFinal: boolean
  readonly counted?: Counted | undefined
}

interface Counted extends SubTaskCount {
  readonly at: number
}

export type LookBelow = (root: Task) => Promise<Below>

/** For one screen. A hub that has no such path, or a key that may not ask, is asked once: then each task is alone. */
export function createLookBelow(client: Pick<Client, 'children' | 'steps'>, { now }: Pick<System, 'now'>): LookBelow {
  const answers = new Map<string, Answer>()
  const polledAt = new Map<string, number>()
  let isTold: boolean | undefined

  const ask = async (parent: Task): Promise<void> => {
    const before = answers.get(parent.id)
    const askedAt = now()
    const page = await unlessRefused(() => client.children(parent.id, { limit: shownMost }))
    if (!page.ok) {
      if (page.isRefused) isTold ??= false
      answers.set(parent.id, { ...(before ?? nothingYet), askedAt })
      return
    }
    isTold = true
    const { tasks, cursor } = page.value
    const hasMore = cursor !== undefined
    const isFinal = hasEnded(parent) && !hasMore && tasks.every(hasEnded)
    const counted = hasMore ? await count(parent, before?.counted) : undefined
    answers.set(parent.id, { askedAt, tasks, hasMore, isFinal, counted })
  }

  const count = async (parent: Task, before: Counted | undefined): Promise<Counted> => {
    if (before !== undefined && now() - before.at < countEveryMs && !hasEnded(parent)) return before
    const steps = await unlessRefused(() => client.steps(parent.id))
    const counted = steps.ok ? countSubTasks(steps.value) : (before ?? { count: 0, isWhole: false })
    return { ...counted, at: now() }
  }

  const poll = async (root: Task): Promise<void> => {
    let asksLeft = hasEnded(root) ? shownMost : asksMost
    let level: readonly Task[] = [root]
    for (let depth = 1; depth < depthMost && level.length > 0 && asksLeft > 0 && isTold !== false; depth++) {
      const due = level.filter((task) => mayBeParent(task, root) && answers.get(task.id)?.isFinal !== true)
      const byTurn = due.sort((a, b) => (answers.get(a.id)?.askedAt ?? 0) - (answers.get(b.id)?.askedAt ?? 0))
      // Half for each level: the levels below have their turn as well.
      const asked = byTurn.slice(0, hasEnded(root) ? asksLeft : Math.ceil(asksLeft / 2))
      asksLeft -= asked.length
      await Promise.all(asked.map(ask))
      level = level.flatMap(({ id }) => answers.get(id)?.tasks ?? []).slice(0, shownMost)
    }
  }

  const mayBeParent = (task: Task, root: Task): boolean =>
    task.id === root.id || wasSuspended(task) || (answers.get(task.id)?.tasks.length ?? 0) > 0

  return async (root) => {
    const before = polledAt.get(root.id)
    // The last look is for how all ended, whenever that is.
    if (before === undefined || now() - before >= pollEveryMs || hasEnded(root)) {
      polledAt.set(root.id, now())
      await poll(root)
    }
    return gather(root, answers)
  }
}

const nothingYet: Answer = { askedAt: 0, tasks: [], hasMore: false, isFinal: false }

type Asked<Value> = { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly isRefused: boolean }

/** What cannot be asked now is not shown: the task itself is watched on. */
async function unlessRefused<Value>(question: () => Promise<Value>): Promise<Asked<Value>> {
  try {
    return { ok: true, value: await question() }
  } catch (error) {
    if (!(error instanceof TaskuraiError)) throw error
    return { ok: false, isRefused: error.status !== undefined && error.status < 500 && error.code !== 'too-many' }
  }
}

/** A task waits for its sub tasks suspended; one that never was so most likely has none, and is not asked. */
function wasSuspended({ status, history }: Task): boolean {
  return status === 'suspended' || history.some(({ move }) => move === 'suspended')
}

function gather(root: Task, answers: ReadonlyMap<string, Answer>): Below {
  const found = new Map<string, Task>([[root.id, root]])
  let count = 0
  let isMore = false
  let level: readonly Task[] = [root]
  for (let depth = 1; depth < depthMost && level.length > 0; depth++) {
    const next: Task[] = []
    for (const { id } of level) {
      const { tasks, hasMore, counted } = answers.get(id) ?? nothingYet
      const fresh = tasks.filter((task) => !found.has(task.id))
      const shown = fresh.slice(0, shownMost + 1 - found.size)
      for (const task of shown) found.set(task.id, task)
      next.push(...shown)
      count += fresh.length - shown.length
      if (!hasMore) continue
      const beyond = Math.max(0, (counted?.count ?? 0) - shownMost)
      count += beyond
      // Steps that are being told just now are not remembered yet: then there are more than they say.
      isMore ||= counted?.isWhole !== true || beyond === 0
    }
    level = next
  }
  return { tasks: [...found.values()].slice(1), rest: { count, isMore } }
}
