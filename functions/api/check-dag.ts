import type { FieldIssue } from '#core/contract/errors'
import { limits } from '#core/contract/limits'
import { taskIdPattern } from '#core/contract/names'
import type { NewBatchTask } from '#core/contract/new-task'
import { absentOf } from '#core/flow/check-dependencies'
import type { World } from '#core/world'
import { refusal } from './field-issues.ts'

/** A batch whose tasks name each other: the whole of it must make sense before anything is written. */

export function isDag(tasks: readonly NewBatchTask[]): boolean {
  return tasks.some(({ ref, dependsOn }) => ref !== undefined || dependsOn !== undefined)
}

/** What each task depends on: places in the batch, and ids of tasks that are there. Each counts once. */
export type Edges = readonly (readonly (number | string)[])[]

export async function checkDag(world: World, tasks: readonly NewBatchTask[]): Promise<Edges> {
  const issues: FieldIssue[] = []
  const places = placesOf(tasks, issues)
  let count = 0
  const edges = tasks.map(({ dependsOn = [] }, place) => {
    const on = new Set<number | string>()
    for (const [index, name] of dependsOn.entries()) {
      const named = places.get(name) ?? name
      const fault = faultOf(name, named, place)
      if (fault !== undefined) issues.push({ field: fieldOf(place, index), message: fault })
      on.add(named)
    }
    count += on.size
    return [...on]
  })
  if (count > limits.batchDependencies) {
    const message = `have ${count} dependencies together, at most ${limits.batchDependencies} (limit batchDependencies)`
    issues.push({ field: '/tasks', message })
  }
  if (issues.length === 0) issues.push(...circleIn(tasks, edges, places), ...(await unknownIn(world, tasks)))
  if (issues.length > 0) throw refusal('invalid', issues)
  return edges
}

function placesOf(tasks: readonly NewBatchTask[], issues: FieldIssue[]): ReadonlyMap<string, number> {
  const places = new Map<string, number>()
  for (const [place, { ref }] of tasks.entries()) {
    if (ref === undefined) continue
    const standing = places.get(ref)
    if (standing === undefined) places.set(ref, place)
    else issues.push({ field: `/tasks/${place}/ref`, message: `'${ref}' is the ref of /tasks/${standing} already` })
  }
  return places
}

function faultOf(name: string, named: number | string, place: number): string | undefined {
  if (named === place) return 'is the task itself'
  if (typeof named === 'number' || taskIdPattern.test(named)) return undefined
  return `no task of this batch has the ref '${name}', and it is no id of a task`
}

function fieldOf(place: number, index: number): string {
  return `/tasks/${place}/dependsOn/${index}`
}

const shownMost = 10

/** Takes away whatever waits for nothing that is left; what can never be taken away contains a circle. */
function circleIn(
  tasks: readonly NewBatchTask[],
  edges: Edges,
  places: ReadonlyMap<string, number>,
): readonly FieldIssue[] {
  const inside = edges.map((on) => on.filter((each) => typeof each === 'number'))
  const dependents = tasks.map((): number[] => [])
  for (const [place, on] of inside.entries()) for (const each of on) dependents[each]?.push(place)
  const open = inside.map((on) => on.length)
  const free = [...open.keys()].filter((place) => open[place] === 0)
  for (let place = free.pop(); place !== undefined; place = free.pop()) {
    for (const each of dependents[place] ?? []) {
      const left = (open[each] ?? 0) - 1
      open[each] = left
      if (left === 0) free.push(each)
    }
  }
  const start = open.findIndex((left) => left > 0)
  if (start === -1) return []
  const circle = walk(start, (place) => inside[place]?.find((each) => (open[each] ?? 0) > 0) ?? place)
  const [first = start, second = first] = circle
  const index = tasks[first]?.dependsOn?.findIndex((name) => places.get(name) === second) ?? 0
  const names = [...circle, first].map((place) => tasks[place]?.ref ?? `/tasks/${place}`)
  const shown = names.length > shownMost ? [...names.slice(0, shownMost), '…'] : names
  return [{ field: fieldOf(first, index), message: `closes a circle: ${shown.join(' → ')}` }]
}

/** Follows one way until it comes back to where it has been, and answers that round. */
function walk(start: number, next: (place: number) => number): readonly number[] {
  const order = new Map<number, number>()
  let place = start
  while (!order.has(place)) {
    order.set(place, order.size)
    place = next(place)
  }
  const from = order.get(place) ?? 0
  return [...order.keys()].slice(from)
}

async function unknownIn(world: World, tasks: readonly NewBatchTask[]): Promise<readonly FieldIssue[]> {
  const ids = new Set(tasks.flatMap(({ dependsOn = [] }) => dependsOn.filter((name) => taskIdPattern.test(name))))
  const absent = await absentOf(world, [...ids])
  if (absent.size === 0) return []
  return tasks.flatMap(({ dependsOn = [] }, place) =>
    dependsOn.flatMap((id, index) =>
      absent.has(id) ? [{ field: fieldOf(place, index), message: `there is no task ${id}` }] : [],
    ),
  )
}
