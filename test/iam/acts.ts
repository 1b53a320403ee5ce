import { expect } from 'vitest'
import { limits } from '#core/contract/limits'
import { payloadRowKey } from '#core/keys'
import { hub, type Platform } from '../support/platform/platform.ts'
import { until } from '../support/until.ts'
import type { Tester } from './tester.ts'

/** What happens in an account and in no scenario: deployments, events, and what a person or a fault leaves behind. */
export interface Act {
  readonly name: string
  readonly play: (platform: Platform, tester: Tester) => Promise<void>
}

const timeoutSeconds = 40
const mostMs = 40_000
const dayMs = 86_400_000

export const acts: readonly Act[] = [
  {
    name: 'an event becomes a task',
    play: async ({ functions, client }) => {
      const event = { id: 'event-1', command: 'basics.echo', arguments: { text: 'told' } }
      const told = { source: 'shop', detailType: 'OrderPlaced', time: new Date().toISOString() }
      const made = (await functions.intake.invoke({ ...event, ...told })) as { readonly id: string }
      expect(await client.wait(made.id, { timeoutSeconds })).toMatchObject({ status: 'succeeded' })
    },
  },
  {
    name: 'a record that nobody can read becomes a note',
    play: async (_, tester) => {
      await tester.put({ pk: { S: 'T#nonsense' }, sk: { S: 'HEAD' }, history: { S: '{' } })
      await noteOf(tester, 'record')
    },
  },
  {
    name: 'an event that the bus does not take is told by the clock, for a day',
    play: async ({ client, proxy }, tester) => {
      const refusing = new Set(['reactor'])
      proxy.mishap = ({ service, role }) => (service === 'events' && refusing.has(role) ? 'after' : undefined)
      const { id } = await client.submit('basics.echo', { text: 'untold' })
      await client.wait(id, { timeoutSeconds })
      const [item] = await until('what was not told', async () => {
        const items = await tester.itemsOf(`T#${id}`, 'RETRY#')
        return items.length > 0 && items
      })
      refusing.clear()
      refusing.add('clock')
      const { since: _, ...data } = JSON.parse(item?.data?.S ?? '')
      const longAgo = { ...data, since: Date.now() - 2 * dayMs }
      await tester.put({ ...item, due: { N: String(Date.now()) }, data: { S: JSON.stringify(longAgo) } })
      await noteOf(tester, 'event')
      await until('its end', async () => (await tester.itemsOf(`T#${id}`, 'RETRY#')).length === 0, mostMs)
      proxy.mishap = undefined
    },
  },
  {
    name: 'a payload that no task names goes after a week',
    play: async ({ client }, tester) => {
      const { id } = await client.upload(Buffer.from('nobody wants it'))
      const { pk, sk } = payloadRowKey(Date.now() - limits.payloadSeconds * 1_000 - dayMs, id)
      await tester.put({ pk: { S: pk }, sk: { S: sk }, born: { S: 'b' }, n: { N: '1' }, data: { S: '{}' } })
      await until('its bytes to go', async () => !(await tester.hasBytes(id)), mostMs)
    },
  },
  {
    name: 'bytes that are gone are missed at the door, and by a run',
    play: async ({ client }, tester) => {
      const [early, late] = await Promise.all(['a', 'b'].map((text) => client.upload(Buffer.from(text))))
      const filesOf = (payload = '') => ({ files: [{ name: 'there.txt', payload }] })
      await tester.removeBytes(early?.id ?? '')
      await expect(client.submit('carrier.first', undefined, filesOf(early?.id))).rejects.toThrow(/was not uploaded/)
      const asked = { ...filesOf(late?.id), startAfter: { seconds: 3 } }
      const { id } = await client.submit('carrier.first', undefined, asked)
      await tester.removeBytes(late?.id ?? '')
      expect(await client.wait(id, { timeoutSeconds })).toMatchObject({ status: 'failed' })
    },
  },
  {
    name: 'a message that is no bell is hidden',
    play: async ({ containers }, tester) => {
      await tester.ring('basics', 'hello')
      await until('it is met', () => containers.output().includes('queue.foreign-message'), mostMs)
    },
  },
  {
    name: 'a worker is launched by the clock, deployed again and again, and removed',
    play: async (platform) => {
      const { client, deploy, ecs } = platform
      await until('no instance', async () => (await client.worker('burst')).instances === 0, mostMs)
      const { id } = await client.submit('burst.hold', { ms: 1 }, { startAfter: { seconds: 2 } })
      expect(await client.wait(id, { timeoutSeconds })).toMatchObject({ status: 'succeeded' })
      const manifest = { manifest: 1, name: 'burst', commands: [{ name: 'burst.hold', version: 1 }] } as const
      const changes = {
        verify: false,
        manifest: { ...manifest, concurrency: 2, scaling: { min: 0, max: 3 }, idleSeconds: 1 },
      }
      for (let revision = 0; revision < revisionsKept; revision++) {
        expect(await deploy('burst', changes)).toMatchObject({ Status: 'SUCCESS' })
      }
      expect(ecs.revisions.filter((arn) => arn.includes(`/${hub}-burst:`))).toHaveLength(revisionsKept)
      expect(await remove(platform, 'burst')).toMatchObject({ Status: 'SUCCESS' })
      await expect(client.submit('burst.hold', { ms: 1 })).rejects.toThrow(/was removed/)
    },
  },
]

/** As the registrar keeps: with one more, the oldest goes. */
const revisionsKept = 5

async function noteOf(tester: Tester, kind: string): Promise<void> {
  await until(
    `a note of ${kind}`,
    async () => (await tester.notes()).some((text) => JSON.parse(text).kind === kind),
    mostMs,
  )
}

/** What CloudFormation asks when the worker goes from the stack. */
async function remove({ functions, sink }: Platform, worker: string): Promise<Readonly<Record<string, unknown>>> {
  const { url, answer } = sink.awaitAnswer()
  const taskDefinition = `arn:aws:ecs:us-east-1:111122223333:task-definition/${hub}-${worker}:1`
  const launch = { kind: 'ecs', cluster: hub, taskDefinition, container: 'worker', assignPublicIp: true }
  const registration = { worker, launch: { ...launch, subnets: ['subnet-1'], securityGroups: ['sg-1'] }, verify: true }
  await functions.registrar.invoke({
    RequestType: 'Delete',
    ResponseURL: url,
    StackId: 'arn:aws:cloudformation:us-east-1:111122223333:stack/demo/1',
    RequestId: 'request-remove',
    LogicalResourceId: `Worker${worker}`,
    PhysicalResourceId: `${hub}/${worker}`,
    ResourceProperties: { Registration: JSON.stringify(registration) },
  })
  return answer
}
