import type { OnFailure, OnParentEnd } from '#core/contract/steps'
import type { Head } from '#core/head'
import { createRandom, type Random } from '../random.ts'

/**
 * What a simulated workflow does: stages one after the other, the acts of a stage at the same time. A script follows from
 * its number alone, as a handler's code is the same in every run of its task.
 */

export interface SubTaskPlan {
  /** Absent: a plain task. */
  readonly script?: number
  readonly onParentEnd: OnParentEnd
  readonly retentionSeconds?: number
}

export type Act =
  | {
      readonly kind: 'step'
      readonly id: string
      /** So many tries fail before one succeeds; between them the run waits. */
      readonly badTries: number
      /** It fails for good until the task has been begun anew so often. */
      readonly badEras: number
      readonly hasInput: boolean
    }
  | { readonly kind: 'sleep'; readonly id: string; readonly seconds: number }
  | { readonly kind: 'signal'; readonly id: string; readonly name: string; readonly timeoutSeconds?: number }
  | {
      readonly kind: 'call'
      readonly id: string
      readonly tasks: readonly SubTaskPlan[]
      readonly onFailure: OnFailure
    }
  | { readonly kind: 'create'; readonly id: string; readonly tasks: readonly SubTaskPlan[] }
  | {
      readonly kind: 'wait'
      readonly id: string
      readonly step: string
      readonly indexes?: readonly number[]
      readonly onFailure: OnFailure
    }

export interface Script {
  readonly stages: readonly (readonly Act[])[]
  /** Goes on behind a wait or a step that failed. */
  readonly isTolerant: boolean
  /** A person who retries it gives its sub tasks other arguments than before. */
  readonly isChangedByRetry: boolean
  /** Canceled between two runs it is run once more, to undo what it did. */
  readonly undoes: boolean
}

export const signalNames = ['go', 'more'] as const
const depthMost = 3
const scripts = new Map<string, Script>()

/** Undefined: the task is a plain one. */
export function scriptOf(head: Head): Script | undefined {
  const asked = head.arguments as { readonly script?: number } | undefined
  if (asked?.script === undefined) return undefined
  const depth = head.flow?.parent?.depth ?? 0
  const key = `${asked.script} ${depth}`
  const made = scripts.get(key) ?? makeScript(createRandom(asked.script * 8 + depth), depth)
  const script = { ...made, undoes: runsOnCancel(asked) === true }
  scripts.set(key, script)
  return script
}

/** Of a task with these arguments, as its command would say it. */
export function runsOnCancel(args: unknown): true | undefined {
  const { script } = (args ?? {}) as { readonly script?: number }
  return script !== undefined && script % 3 === 0 ? true : undefined
}

function makeScript(random: Random, depth: number): Script {
  const stages: Act[][] = []
  const count = random.int(1, depth === 0 ? 4 : 2)
  for (let stage = 0; stage < count; stage++) {
    const first = makeAct(random, `s${stage}`, depth)
    if (first.kind === 'create') stages.push([first], [waitFor(random, first)])
    else if (random.is(0.3)) stages.push([first, makeWait(random, `w${stage}`)])
    else stages.push([first])
  }
  return { stages, isTolerant: random.is(0.4), isChangedByRetry: random.is(0.3), undoes: false }
}

function makeAct(random: Random, id: string, depth: number): Act {
  const leaf = ['step', 'step', 'sleep', 'signal'] as const
  const kind = depth >= depthMost ? random.pick(leaf) : random.pick([...leaf, 'call', 'call', 'create'])
  switch (kind) {
    case 'step':
      return {
        kind,
        id,
        badTries: random.pick([0, 0, 0, 1, 2]),
        badEras: random.pick([0, 0, 0, 0, 0, 1]),
        hasInput: random.is(0.3),
      }
    case 'call':
      return { kind, id, tasks: makeTasks(random, depth), onFailure: makePolicy(random) }
    case 'create':
      return { kind, id, tasks: makeTasks(random, depth) }
    default:
      return makeWait(random, id)
  }
}

function makeWait(random: Random, id: string): Act {
  if (random.is(0.4)) return { kind: 'sleep', id, seconds: random.pick([0, 3, 30, 600, 1_000, 10_800]) }
  const timeoutSeconds = random.pick([undefined, 20, 300, 2_000, 7_200])
  const name = random.pick(signalNames)
  return { kind: 'signal', id, name, ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }) }
}

function waitFor(random: Random, { id: step, tasks }: Extract<Act, { kind: 'create' }>): Act {
  const wait = { kind: 'wait' as const, id: `${step}-wait`, step, onFailure: makePolicy(random) }
  return random.is(0.6) ? wait : { ...wait, indexes: [random.int(0, tasks.length - 1)] }
}

function makePolicy(random: Random): OnFailure {
  return random.pick<OnFailure>(['fail', 'continue', 'continue', 'first-success'])
}

function makeTasks(random: Random, depth: number): readonly SubTaskPlan[] {
  const count = depth === 0 ? random.int(1, 5) : random.int(1, 2)
  return Array.from({ length: count }, (): SubTaskPlan => {
    const isPlain = depth + 1 >= depthMost || random.is(0.65)
    const retentionSeconds = random.pick([undefined, 60, 1_000])
    return {
      ...(isPlain ? {} : { script: random.int(1, 1_000_000) }),
      onParentEnd: random.is(0.15) ? 'detach' : 'cancel',
      ...(retentionSeconds === undefined ? {} : { retentionSeconds }),
    }
  })
}
