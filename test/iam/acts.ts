import { expect } from 'vitest'
import { generationOf } from '#core/contract/ecs-launch'
import { limits } from '#core/contract/limits'
import type { Manifest } from '#core/contract/manifest'
import { payloadRowKey } from '#core/keys'
import type { AwsCall } from '../support/platform/aws-proxy.ts'
import { hub, type Platform } from '../support/platform/platform.ts'
import { until } from '../support/until.ts'
import { openWatcher } from '../support/watcher.ts'
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
    name: 'an event becomes a task, and one that cannot is told so',
    play: async ({ functions, client }) => {
      const told = { source: 'shop', detailType: 'OrderPlaced', time: new Date().toISOString() }
      const event = { ...told, id: 'event-1', command: 'basics.echo', arguments: { text: 'told' } }
      const made = (await functions.intake.invoke(event)) as { readonly id: string }
      expect(await functions.intake.invoke(event)).toEqual(made)
      expect(await client.wait(made.id, { timeoutSeconds })).toMatchObject({ status: 'succeeded' })
      const lost = { ...told, id: 'event-2', command: 'nobody.knows' }
      await expect(functions.intake.invoke(lost)).rejects.toThrow(/nobody\.knows/)
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
      const [item] = await until(
        'what was not told',
        async () => {
          const items = await tester.itemsOf(`T#${id}`, 'RETRY#')
          return items.length > 0 && items
        },
        mostMs,
      )
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
    name: 'an end that a watcher could not be told is told by the clock',
    play: async ({ client, proxy }, tester) => {
      const { id } = await client.submit('basics.echo', { text: 'unseen' }, { startAfter: { seconds: 60 } })
      using watcher = await openWatcher((await client.watchToken(id)).url)
      await watcher.seen('the first state', ({ type }) => type === 'task')
      proxy.mishap = ({ service, role }) => (service === 'connections' && role === 'reactor' ? 'before' : undefined)
      await client.cancel(id)
      const item = await until(
        'what was not told',
        async () => (await tester.itemsOf(`T#${id}`, 'RETRY#')).at(0) ?? false,
        mostMs,
      )
      proxy.mishap = undefined
      await tester.put({ ...item, due: { N: String(Date.now()) } })
      await watcher.seen('the end', ({ type }) => type === 'end', mostMs)
      expect(watcher.statuses()).toEqual(['queued', 'canceled'])
    },
  },
  {
    name: 'files go with their task',
    play: async ({ client }, tester) => {
      const { id: payload } = await client.upload(Buffer.from('short-lived'))
      const { id } = await client.submit('carrier.first', undefined, filesOf(payload))
      expect((await client.wait(id, { timeoutSeconds })).result?.output).toBe('short-lived')
      await client.remove(id)
      await until('its bytes to go', async () => !(await tester.hasBytes(payload)), mostMs)
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
    name: 'a worker under an isolation key gets what is submitted under it',
    play: async ({ client }) => {
      const manifest = {
        manifest: 1,
        name: 'basics',
        isolationKey: 'ann',
        commands: [{ name: 'basics.echo', version: 1 }],
      }
      const scale = { concurrency: 1, scaling: { min: 0, max: 1 }, idleSeconds: 1 }
      await client.putWorker('basics~ann', { manifest: { ...manifest, ...scale } as Manifest })
      const { id } = await client.submit('basics.echo', { text: 'hers' }, { isolationKey: 'ann' })
      await until('it is there', async () => (await client.worker('basics~ann')).backlog === 1, mostMs)
      expect(await client.get(id)).toMatchObject({ status: 'queued', worker: 'basics~ann' })
      await client.cancel(id)
    },
  },
  {
    name: 'an instance that is told to go hands its run back',
    play: async (platform, tester) => {
      const { client } = platform
      const { id: payload } = await client.upload(Buffer.from('x'))
      const { id } = await client.submit('carrier.wait', undefined, { ...filesOf(payload), leaseSeconds: 3 })
      await isRenewed(tester, id)
      end(platform, 'carrier', 'SIGTERM')
      await until('it is handed back', async () => (await client.get(id)).status !== 'running', mostMs)
      await client.cancel(id)
    },
  },
  {
    name: 'an instance is launched by the clock, killed, and missed',
    play: async (platform, tester) => {
      const { client } = platform
      await until('no instance', async () => (await client.worker('burst')).instances === 0, mostMs)
      const asked = { startAfter: { seconds: 2 }, leaseSeconds: 3 }
      const { id } = await client.submit('burst.hold', { ms: 4_000 }, asked)
      await isRenewed(tester, id)
      end(platform, 'burst', 'SIGKILL')
      expect(await client.wait(id, { timeoutSeconds })).toMatchObject({ status: 'succeeded', crashCount: 1 })
    },
  },
  {
    name: 'a worker is deployed again and again, keeps its least number, and is removed',
    play: async (platform) => {
      const { client, deploy, ecs, proxy } = platform
      const oldest = ecs.revisions.find(isOfBurst)
      const asked = proxy.calls.length
      expect(await deploy('burst', changesTo(1))).toMatchObject({ Status: 'SUCCESS' })
      const isLook = ({ role, action }: AwsCall) => role === 'worker-burst' && action === 'Query'
      const looks = () => proxy.calls.slice(asked).some(isLook)
      await until('an idle one looks whether it may go', looks, mostMs)
      const isNew = async () => (await client.worker('burst')).generation !== generationOf(oldest ?? '')
      await until('one of it has registered', isNew, mostMs)
      for (let revision = 0; revision < revisionsKept; revision++) {
        expect(await deploy('burst', changesTo(0))).toMatchObject({ Status: 'SUCCESS' })
      }
      expect(ecs.revisions.filter(isOfBurst)).not.toContain(oldest)
      expect(await remove(platform, 'burst')).toMatchObject({ Status: 'SUCCESS' })
      const submit = () => client.submit('burst.hold', { ms: 1 })
      await until(
        'its command is refused',
        () =>
          submit().then(
            () => false,
            (error: Error) => /removed/.test(error.message),
          ),
        mostMs,
      )
    },
  },
]

function filesOf(payload = '') {
  return { files: [{ name: 'there.txt', payload }] }
}

/** From then on the index guards the run. Before, its bell does, which comes back only after the receiver's own lease. */
async function isRenewed(tester: Tester, id: string): Promise<void> {
  const look = async () => {
    const [head] = await tester.itemsOf(`T#${id}`, 'HEAD')
    return JSON.parse(head?.run?.S ?? '{}').renewed === true
  }
  await until('its first renewal', look, mostMs)
}

function end({ containers }: Platform, worker: string, signal: NodeJS.Signals): void {
  for (const { task, kill } of containers.running()) if (task.group === worker) kill(signal)
}

/** As the registrar keeps: with one more, the oldest goes. */
const revisionsKept = 5

function isOfBurst(revision: string): boolean {
  return revision.includes(`/${hub}-burst:`)
}

/** Another scale, without another check run. */
function changesTo(min: number) {
  const commands = [{ name: 'burst.hold', version: 1 }]
  const manifest = {
    manifest: 1,
    name: 'burst',
    commands,
    concurrency: 2,
    scaling: { min, max: 3 },
    idleSeconds: 1,
  } as const
  return { verify: false, manifest }
}

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
