import { isTerminal } from '#core/contract/task'
import { firstState, keyOf, type State } from './state.ts'
import type { ModelMistakes, Step } from './step.ts'
import { stepsFrom } from './steps.ts'

/** Breadth first over all states there are; the shortest way to a breach is its trace. */

export interface Explored {
  readonly states: number
  readonly edges: number
  /** The steps that lead to the first breach, and the breach itself. */
  readonly breach: readonly string[] | undefined
}

const statesMost = 2_000_000

interface Seen {
  readonly state: State
  readonly from: number
  readonly by: string
}

export function explore(mistakes: ModelMistakes = {}): Explored {
  const seen: Seen[] = [{ state: firstState, from: -1, by: '' }]
  const numbers = new Map([[keyOf(firstState), 0]])
  /** Without faults: who leads to whom, backwards. */
  const calmInto: number[][] = [[]]
  let edges = 0
  for (let number = 0; number < seen.length; number++) {
    const entry = seen[number]
    if (entry === undefined) break
    const wrong = breachOf(entry.state)
    if (wrong !== undefined) return { states: seen.length, edges, breach: [...wayTo(seen, number), wrong] }
    for (const step of stepsFrom(entry.state, mistakes)) {
      edges++
      if (step.breach !== undefined) {
        return { states: seen.length, edges, breach: [...wayTo(seen, number), step.name, step.breach] }
      }
      const target = numberOf(step, number)
      if (step.fault !== true) calmInto[target]?.push(number)
    }
  }
  const stuck = firstStuck(seen, calmInto)
  return { states: seen.length, edges, breach: stuck }

  function numberOf(step: Step, from: number): number {
    const key = keyOf(step.to)
    const known = numbers.get(key)
    if (known !== undefined) return known
    if (seen.length >= statesMost) throw new Error(`more than ${statesMost} states`)
    numbers.set(key, seen.length)
    calmInto.push([])
    return seen.push({ state: step.to, from, by: step.name }) - 1
  }
}

/** Protocol rule 1. A bell ahead of its head guards nothing. */
function breachOf({ head, bells }: State): string | undefined {
  if (head === undefined || isTerminal(head.status)) return undefined
  if (head.due) return undefined
  if (head.renewed) return 'a renewed run without due'
  return bells.some((bell) => !bell.ahead) ? undefined : `${head.status}, with neither bell nor due`
}

/** A state from which no calm way leads to an end is stuck. */
function firstStuck(seen: readonly Seen[], calmInto: readonly (readonly number[])[]): readonly string[] | undefined {
  const ends = new Uint8Array(seen.length)
  const queue: number[] = []
  seen.forEach(({ state }, number) => {
    if (state.head !== undefined && !isTerminal(state.head.status)) return
    ends[number] = 1
    queue.push(number)
  })
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    for (const number of calmInto[next] ?? []) {
      if (ends[number] === 1) continue
      ends[number] = 1
      queue.push(number)
    }
  }
  const stuck = ends.indexOf(0)
  return stuck < 0 ? undefined : [...wayTo(seen, stuck), 'no way leads to an end from here']
}

function wayTo(seen: readonly Seen[], number: number): readonly string[] {
  const way: string[] = []
  for (let at = seen[number]; at !== undefined && at.from >= 0; at = seen[at.from]) way.unshift(at.by)
  return way
}
