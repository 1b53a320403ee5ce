import { expect, it } from 'vitest'
import { createEcsLauncher } from '#adapters/ecs/launcher'
import { createEcsRevisions } from '#adapters/ecs/revisions'
import { readTaskIdentity } from '#worker-runtime/aws/metadata'
import { startFakeEcs } from '../../support/engines/fake-ecs.ts'

const revision = (family: string, n: number) => `arn:aws:ecs:eu-west-1:111122223333:task-definition/${family}:${n}`

it('revisions of a family are listed newest first, and one that is taken away is not among them', async () => {
  await using ecs = await startFakeEcs()
  ecs.revisions.push(revision('acme-mill', 9), revision('acme-mill2', 1), revision('acme-mill', 10))
  const revisions = createEcsRevisions(ecs.client)
  expect(await revisions.active('acme-mill')).toEqual([revision('acme-mill', 10), revision('acme-mill', 9)])
  await revisions.deregister(revision('acme-mill', 9))
  expect(await revisions.active('acme-mill')).toEqual([revision('acme-mill', 10)])
  await expect(revisions.deregister(revision('acme-mill', 9))).rejects.toThrow('does not exist')
})

it('the metadata of a task tell an instance which launch of which revision it is', async () => {
  await using ecs = await startFakeEcs()
  const launcher = createEcsLauncher({ client: ecs.client, hub: 'acme' })
  const spec = {
    kind: 'ecs',
    cluster: 'taskurai-acme',
    taskDefinition: revision('acme-mill', 7),
    container: 'worker',
    subnets: ['subnet-1'],
    securityGroups: ['sg-1'],
    assignPublicIp: true,
  }
  const seen: string[] = []
  ecs.onRun = ({ metadataUrl }) => seen.push(metadataUrl)
  await launcher.launch({ worker: 'mill', generation: 'acme-mill:7', token: 't', count: 1, spec })
  expect(await readTaskIdentity(seen[0] ?? '')).toEqual({ launch: [...ecs.tasks.keys()][0], generation: 'acme-mill:7' })
})
