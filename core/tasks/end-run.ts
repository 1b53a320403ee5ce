import type { TaskError, TaskResult } from '../contract/task.ts'
import type { Event } from '../events.ts'
import type { HeldFile } from '../files/held-file.ts'
import type { Head } from '../head.ts'
import { fitsBeside, type Outcome, outcomeApart } from '../layout.ts'
import { decide } from '../lifecycle.ts'
import type { World } from '../world.ts'
import { type MoveOutcome, move } from './move.ts'

/** How a run can end, told by the run itself. */
export type RunEnd =
  | {
      readonly kind: 'succeed'
      readonly result?: TaskResult | undefined
      /** Held for the task already. */
      readonly files?: readonly HeldFile[] | undefined
      readonly children?: true | undefined
    }
  | { readonly kind: 'fail'; readonly error: TaskError; readonly children?: true | undefined }
  | { readonly kind: 'stop'; readonly children?: true | undefined }
  | { readonly kind: 'give-up'; readonly children?: true | undefined }
  | { readonly kind: 'hand-back'; readonly reason: string }

export interface EndAsk {
  readonly taskId: string
  readonly run: string
  readonly end: RunEnd
  readonly known?: Head | undefined
}

/**
 * Ends a run, if it still owns its task. The writer token is the run's own end, so that the repeat of a message whose
 * answer was lost is recognised (protocol 4). A large outcome is written before the head that names it (7).
 */
export function endRun(world: World, ask: EndAsk): Promise<MoveOutcome> {
  const { end, run } = ask
  const writer = `${run}.end`
  const chance = world.chance()
  const outcome = outcomeOfEnd(end)
  const isApart = outcome !== undefined && !fitsBeside(world.store, outcome)
  return move(world, {
    taskId: ask.taskId,
    writer,
    known: ask.known,
    decide: (head) => decide(head, eventOf(end, { run, writer, chance, isApart, now: world.clock.now() })),
    before: isApart ? (head) => [outcomeApart(head, run, outcome)] : undefined,
  })
}

interface Ending {
  readonly run: string
  readonly writer: string
  readonly chance: number
  readonly isApart: boolean
  readonly now: number
}

function eventOf(end: RunEnd, { run, writer, chance, isApart, now }: Ending): Event {
  const of = { run, writer, now }
  switch (end.kind) {
    case 'succeed':
      return { kind: 'succeed', ...of, result: end.result, files: end.files, apart: isApart, children: end.children }
    case 'fail':
      return { kind: 'fail', ...of, error: end.error, chance, apart: isApart, children: end.children }
    case 'stop':
      return { kind: 'stop', ...of, children: end.children }
    case 'give-up':
      return { kind: 'give-up', ...of, children: end.children }
    case 'hand-back':
      return { kind: 'hand-back', ...of, reason: end.reason }
    default:
      return end satisfies never
  }
}

function outcomeOfEnd(end: RunEnd): Outcome | undefined {
  if (end.kind === 'succeed') return end.result === undefined ? undefined : { result: end.result }
  return end.kind === 'fail' ? { error: end.error } : undefined
}
