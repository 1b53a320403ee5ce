import { expect, it } from 'vitest'
import { isTracing } from '#core/contract/trace-parent'
import { defineCommand, defineWorker } from '#worker-runtime/index'
import { startFakeHub } from '../../support/fake-hub.ts'
import { startInstance } from '../../support/instance.ts'

/** In a file of its own: once anybody has traced in a process, the code for it stays loaded. */

const traceParent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
const parts = { id: 'parts', kind: 'create', state: 'done', count: 1 } as const

const worker = defineWorker({
  name: 'w',
  commands: [
    defineCommand({ name: 'parent' }, async (ctx) => {
      await ctx.create('parts', { command: 'part' })
      return ctx.task.traceParent
    }),
  ],
})

it('where nobody traces, a handler is told of the trace, and its sub tasks are left to inherit it from the hub', async () => {
  await using hub = await startFakeHub({
    answer: ({ op, body }) =>
      op === 'step'
        ? { runs: body.runs?.map(({ run }) => ({ run, outcome: 'owned', records: [parts], ids: [body.nonce] })) }
        : undefined,
  })
  await using _instance = startInstance(hub, worker)
  const end = await hub.endOf(hub.add({ command: 'parent', task: { traceParent } }))
  expect(end).toMatchObject({ kind: 'succeed', result: { output: traceParent } })
  expect(hub.opsOf('step')[0]?.body.runs?.[0]?.reports).toEqual([
    { kind: 'create', id: 'parts', count: 1, from: 0, tasks: [{ command: 'part' }] },
  ])
  expect(isTracing()).toBe(false)
})
