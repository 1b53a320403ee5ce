import { describe, expect, it } from 'vitest'
import type { Grant } from '#core/contract/worker-protocol'
import { createFlowHub, type FlowHub } from './flow-hub.ts'

/** Sub tasks that depend on others, told by the run of their parent. */

function createSubTask(hub: FlowHub, parent: Grant, id: string, dependsOn: readonly string[] = []) {
  const task = { command: 'mill.bake', ...(dependsOn.length === 0 ? {} : { dependsOn }) }
  return hub.step(parent, { kind: 'create', id, count: 1, from: 0, tasks: [task] } as never)
}

describe('a sub task', () => {
  it('may depend on another one, which another run of their parent finds as it was', async () => {
    const hub = await createFlowHub()
    await hub.submit()
    const parent = await hub.one()
    const [first = ''] = (await createSubTask(hub, parent, 'first')).ids ?? []
    const made = await createSubTask(hub, parent, 'second', [first])
    expect((await createSubTask(hub, parent, 'second', [first])).ids).toEqual(made.ids)
    await hub.follow()
    const before = await hub.one()
    expect(before.task.id).toBe(first)
    await hub.succeed(before)
    await hub.follow()
    expect((await hub.one()).task).toMatchObject({ id: made.ids?.[0], dependencies: 1, parentId: parent.task.id })
  })

  it('may not depend on those above it, who wait for it', async () => {
    const hub = await createFlowHub()
    const root = await hub.submit()
    const top = await hub.one()
    await createSubTask(hub, top, 'middle')
    await hub.follow()
    const middle = await hub.one()
    for (const above of [root, middle.task.id]) {
      const answer = await createSubTask(hub, middle, `under ${above}`, [above])
      expect(answer.outcome).toBe('refused')
      expect(JSON.stringify(answer)).toContain(`${above} is an ancestor of this task`)
    }
  })

  it('may not depend on what waits for those above it by others', async () => {
    const hub = await createFlowHub()
    const root = await hub.submit()
    const parent = await hub.one()
    const [before = '', free = ''] = [await hub.submit({ dependsOn: [root] }), await hub.submit()]
    const after = await hub.submit({ dependsOn: [free, before] })
    const answer = await createSubTask(hub, parent, 'stuck', [after])
    expect(answer.outcome).toBe('refused')
    expect(JSON.stringify(answer)).toContain(`${after} depends on ${root}, an ancestor of this task`)
    expect(await createSubTask(hub, parent, 'fine', [free])).toMatchObject({ outcome: 'owned' })
  })
})
