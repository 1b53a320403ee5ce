import { expect, it } from 'vitest'
import { createClient } from '#client/index'
import { readTraceParent, traceParentOf } from '#core/contract/trace-parent'
import { hubKey, problem, type Script, startScriptedHub, taskOf } from '../support/scripted-hub.ts'
import { watchSpans } from '../support/spans.ts'

const own = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
const id = '01K9Z0000000000000000000AB'

interface Body {
  readonly traceParent?: string
  readonly tasks?: readonly Body[]
}

async function startWorld(script: Script) {
  const hub = await startScriptedHub(script)
  const client = createClient({ endpoint: hub.endpoint, credentials: hubKey })
  return { hub, client, [Symbol.asyncDispose]: () => hub[Symbol.asyncDispose]() }
}
const accepted: Script = ({ path }) => ({
  body: path.endsWith('/batch') ? { tasks: [{ id }, { id }] } : taskOf({ id }),
})

it('what is submitted bears the place of its span, unless the caller says one', async () => {
  using spans = watchSpans()
  await using world = await startWorld(accepted)
  const { client, hub } = world
  await client.submit('order.confirm', {})
  await client.submit('order.confirm', {}, { traceParent: own })
  const [first, second] = hub.seen.map(({ body }) => body as Body).map((body) => body.traceParent)
  expect(first).toBe(traceParentOf(spans.all()[0]?.spanContext() ?? { traceId: '', spanId: '', traceFlags: 0 }))
  expect(second).toBe(own)
  expect(spans.all()[0]).toMatchObject({
    name: 'submit order.confirm',
    attributes: { 'messaging.system': 'taskurai', 'messaging.operation.type': 'send', 'messaging.message.id': id },
  })
})

it('a batch has one span for all of its tasks', async () => {
  using spans = watchSpans()
  await using world = await startWorld(accepted)
  const { client, hub } = world
  await client.submitBatch([{ command: 'a' }, { command: 'b', traceParent: own }])
  const { tasks = [] } = (hub.seen[0]?.body ?? {}) as Body
  const place = spans.of('submit batch')
  expect(place.attributes['messaging.batch.message_count']).toBe(2)
  expect(tasks.map((task) => task.traceParent)).toEqual([traceParentOf(place.spanContext()), own])
})

it('a refusal is the failure of its span', async () => {
  using spans = watchSpans()
  await using world = await startWorld(() => problem(422, 'unknown-command', 'no such command'))
  await expect(world.client.submit('nonsense')).rejects.toMatchObject({ code: 'unknown-command' })
  expect(spans.of('submit nonsense')).toMatchObject({ status: { code: 2 }, events: [{ name: 'exception' }] })
})

it('where nobody traces, nothing is said', async () => {
  await using world = await startWorld(accepted)
  await world.client.submit('order.confirm', {})
  expect(world.hub.seen[0]?.body).not.toHaveProperty('traceParent')
})

it.each([
  [own, true],
  ['01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-of a later version', true],
  ['00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more', false],
  ['ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', false],
  ['00-00000000000000000000000000000000-b7ad6b7169203331-01', false],
  ['00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01', false],
  ['00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01', false],
  ['', false],
])('%s: is it a traceparent? %s', (text, isOne) => {
  expect(readTraceParent(text) !== undefined).toBe(isOne)
})
