import type { TaskError, TaskResult } from '../contract/task.ts'
import type { Event } from '../events.ts'
import type { Head } from '../head.ts'
import { outcomeApart } from '../layout.ts'
import { decide } from '../lifecycle.ts'
import type { World } from '../world.ts'
import { type MoveOutcome, move } from './move.ts'

/** How a run can end, told by the run itself. */
export type RunEnd =
  | { readonly kind: 'succeed'; readonly result?: TaskResult | undefined }
  | { readonly kind: 'fail'; readonly error: TaskError }
  | { readonly kind: 'stop' }
  | { readonly kind: 'give-up' }
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
  const writer = `${ask.run}.end`
  const { end, run } = ask
  const chance = world.chance()
  return move(world, {
    taskId: ask.taskId,
    writer,
    known: ask.known,
    decide: (head) => decide(head, eventOf(world, head, { end, run, writer, chance })),
    before: (head) => {
      const outcome = outcomeOfEnd(end)
      const write = outcome === undefined ? undefined : outcomeApart(world.store, head, run, outcome)
      return write === undefined ? [] : [write]
    },
  })
}

interface Ending {
  readonly end: RunEnd
  readonly run: string
  readonly writer: string
  readonly chance: number
}

function eventOf(world: World, head: Head, { end, run, writer, chance }: Ending): Event {
  const of = { run, writer, now: world.clock.now() }
  switch (end.kind) {
    case 'succeed':
      return { kind: 'succeed', ...of, result: end.result, apart: isApart(world, head, end, run) }
    case 'fail':
      return { kind: 'fail', ...of, error: end.error, chance, apart: isApart(world, head, end, run) }
    case 'stop':
      return { kind: 'stop', ...of }
    case 'give-up':
      return { kind: 'give-up', ...of }
    case 'hand-back':
      return { kind: 'hand-back', ...of, reason: end.reason }
    default:
      return end satisfies never
  }
}

function outcomeOfEnd(end: RunEnd): { result?: TaskResult | undefined; error?: TaskError } | undefined {
  if (end.kind === 'succeed') return end.result === undefined ? undefined : { result: end.result }
  return end.kind === 'fail' ? { error: end.error } : undefined
}

function isApart(world: World, head: Head, end: RunEnd, run: string): boolean {
  const outcome = outcomeOfEnd(end)
  return outcome !== undefined && outcomeApart(world.store, head, run, outcome) !== undefined
}
