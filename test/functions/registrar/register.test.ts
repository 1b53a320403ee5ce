import { describe, expect, it } from 'vitest'
import { Manifest } from '#core/contract/manifest'
import { checkKey } from '#core/keys'
import { type Fleet, readFleet } from '#core/workers/fleet'
import { registerInstance } from '#core/workers/instances'
import { putWorker, readCommands } from '#core/workers/put-worker'
import { workerLogGroupOf } from '#functions/registrar/check-run'
import type { RegistrarProps } from '#functions/registrar/config'
import { registerWorker } from '#functions/registrar/register'
import { namesOf } from '#lib/names'
import { Account, manifestOf, propsOf, taskDefinition } from './registrar-world.ts'

let requests = 0

function register(account: Account, props: RegistrarProps, requestId = `request-${++requests}`) {
  const deployment = { requestId, owner: 'stack A', by: 'stack/acme', signal: new AbortController().signal }
  return account.done(registerWorker(account.parts, props, deployment))
}

async function fleetOf(account: Account): Promise<Fleet | undefined> {
  return (await readFleet(account.world, 'mill'))?.fleet
}

describe('a deployment', () => {
  it('checks the revision, takes its manifest from inside the container, and wants it from then on', async () => {
    const account = new Account()
    expect(await register(account, propsOf(7))).toEqual({ ok: true, generation: 'acme-mill:7' })
    expect(account.started).toEqual(['acme-mill:7'])
    expect(await fleetOf(account)).toMatchObject({ wanted: 'acme-mill:7', launch: propsOf(7).launch })
    expect(await fleetOf(account)).not.toHaveProperty('current')
    expect(await readCommands(account.world)).toMatchObject([{ name: 'mill.grind', worker: 'mill' }])
  })

  it('has the scale of the properties, and all else of the manifest', async () => {
    const account = new Account()
    const leaves = Manifest.parse({ ...manifestOf('mill.grind'), concurrency: 5, idleSeconds: 60 })
    account.container = { leaves, stop: { exitCode: 0 } }
    await register(account, propsOf(7, { scaling: { min: 1, max: 9 }, idleSeconds: 10 }))
    expect(await fleetOf(account)).toMatchObject({
      manifest: { scaling: { min: 1, max: 9 }, concurrency: 5, idleSeconds: 10 },
    })
    expect(await register(account, propsOf(7, { scaling: { min: 5, max: 2 } }))).toMatchObject({
      ok: false,
      reason: expect.stringContaining('max is at least min'),
    })
  })

  it('that changes the scale alone starts nothing', async () => {
    const account = new Account()
    await register(account, propsOf(7))
    await register(account, propsOf(7, { scaling: { min: 0, max: 50 } }))
    expect(account.started).toHaveLength(1)
    expect(await fleetOf(account)).toMatchObject({ wanted: 'acme-mill:7', manifest: { scaling: { max: 50 } } })
  })

  it('with a manifest takes that one, if the container hosts all of it', async () => {
    const account = new Account()
    account.container = { leaves: manifestOf('mill.grind', 'mill.sift'), stop: { exitCode: 0 } }
    expect(await register(account, propsOf(7, { manifest: manifestOf('mill.grind') }))).toMatchObject({ ok: true })
    expect((await readCommands(account.world)).map(({ name }) => name)).toEqual(['mill.grind'])
  })

  it('whose container lacks a command of the manifest fails and names it', async () => {
    const account = new Account()
    const manifest = manifestOf('mill.grind', 'mill.sift')
    expect(await register(account, propsOf(7, { manifest }))).toEqual({
      ok: false,
      reason:
        'the container of acme-mill:7 does not host mill.sift@1, which the manifest names; it hosts mill.grind@1. ' +
        'Deploy the image that belongs to the manifest',
    })
    expect(await fleetOf(account)).toBeUndefined()
  })

  it('without a check run needs a manifest, and starts nothing', async () => {
    const account = new Account()
    expect(await register(account, propsOf(7, { verify: false }))).toMatchObject({
      ok: false,
      reason: expect.stringContaining('verify: false needs a manifest'),
    })
    const unchecked = propsOf(7, { verify: false, manifest: manifestOf('mill.grind') })
    expect(await register(account, unchecked)).toMatchObject({ ok: true })
    expect(account.started).toEqual([])
  })

  it('of a worker that is called otherwise in its manifest fails', async () => {
    const account = new Account()
    const manifest = { ...manifestOf('mill.grind'), name: 'bakery' }
    expect(await register(account, propsOf(7, { verify: false, manifest }))).toMatchObject({
      ok: false,
      reason: 'the worker is called mill here and bakery in its manifest',
    })
  })

  it('with a schema that the door could not bound fails, and so does one with the commands of another worker', async () => {
    const account = new Account()
    const bad = Manifest.parse({
      name: 'mill',
      commands: [{ name: 'mill.grind', input: { $ref: 'https://x.test/s' } }],
    })
    await expect(register(account, propsOf(7, { verify: false, manifest: bad }))).rejects.toThrow('mill.grind')
    await putWorker(account.world, { manifest: { ...manifestOf('mill.grind'), name: 'bakery' }, by: 'ann' })
    await expect(register(account, propsOf(7))).rejects.toThrow('belongs to the worker bakery')
    expect(await fleetOf(account)).toBeUndefined()
  })

  it('of a container that speaks of things this hub does not know says that', async () => {
    const account = new Account()
    account.container = { leaves: { ...manifestOf('mill.grind'), novelty: 1 }, stop: { exitCode: 0 } }
    await expect(register(account, propsOf(7))).rejects.toThrow('deploy the hub of the same version first')
  })
})

describe('a check run', () => {
  it.each<[string, Account['container'], RegExp]>([
    ['a bad module', { stop: { exitCode: 2 } }, /exit code 2\. Its module is no worker module/],
    ['something out of reach', { stop: { exitCode: 5 } }, /exit code 5\. It does not reach the hub's table/],
    ['a crash', { stop: { exitCode: 1 } }, /exit code 1\. Its program crashed/],
    [
      'an image that is not there',
      { stop: { stopCode: 'TaskFailedToStart', stoppedReason: 'CannotPullContainerError: not found' } },
      /its image cannot be started.*CannotPullContainerError/,
    ],
    ['no end', {}, /has not ended within 10 minutes \(ECS: PENDING\)/],
  ])('that comes to nothing fails the deployment and changes nothing: %s', async (_, container, reason) => {
    const account = new Account()
    await register(account, propsOf(7))
    const before = await fleetOf(account)
    account.container = container
    const outcome = await register(account, propsOf(8))
    expect(outcome).toMatchObject({ ok: false, reason: expect.stringMatching(reason) })
    const words = outcome.ok ? '' : outcome.reason
    expect(words).toContain('the check run of mill (acme-mill:8)')
    expect(words).toContain('log group /taskurai/acme/worker/mill')
    expect(await fleetOf(account)).toEqual(before)
  })

  it('names the log group that the construct makes', () => {
    expect(workerLogGroupOf('acme', 'mill')).toBe(namesOf('acme').logGroup('worker/mill'))
  })

  it('that leaves no manifest says what the image should do', async () => {
    const account = new Account()
    account.container = { stop: { exitCode: 0 } }
    expect(await register(account, propsOf(7))).toMatchObject({
      ok: false,
      reason: expect.stringContaining('`taskurai work <module>`'),
    })
  })

  it('is started again while a role that was just made is not known everywhere, and without room', async () => {
    const account = new Account()
    account.starts.push({ kind: 'refused', reason: 'role', message: 'unable to assume the role' })
    account.starts.push({ kind: 'refused', reason: 'capacity', message: 'no room' })
    expect(await register(account, propsOf(7))).toMatchObject({ ok: true })
    expect(account.started).toHaveLength(1)
  })

  it('is not tried for ever, and not at all where only a person can help', async () => {
    const account = new Account()
    const role = { kind: 'refused', reason: 'role', message: 'unable to assume the role' } as const
    account.starts.push(...Array.from({ length: 100 }, () => role))
    const startedAtMs = account.world.clock.monotonicMs()
    expect(await register(account, propsOf(7))).toEqual({
      ok: false,
      reason: 'the check run of mill (acme-mill:7) could not be started: unable to assume the role',
    })
    expect(account.world.clock.monotonicMs() - startedAtMs).toBeLessThan(130_000)
    account.starts.length = 0
    account.starts.push({ kind: 'refused', reason: 'quota', message: 'request more vCPUs' })
    expect(await register(account, propsOf(7))).toMatchObject({ reason: expect.stringContaining('request more vCPUs') })
    expect(account.started).toEqual([])
  })

  it('whose start was not answered, or asked for twice, is one', async () => {
    const account = new Account()
    account.starts.push('answer-lost')
    const twice = [register(account, propsOf(7), 'one'), register(account, propsOf(7), 'one')]
    expect(await Promise.all(twice)).toMatchObject([{ ok: true }, { ok: true }])
    expect(account.started).toHaveLength(1)
  })

  it('is waited for while ECS is away, and while it does not know what it just started', async () => {
    const account = new Account()
    account.looks.push({ kind: 'absent' }, 'away', { kind: 'absent' }, 'away')
    expect(await register(account, propsOf(7))).toMatchObject({ ok: true })
  })

  it('that ECS has forgotten, or may not be looked at, ends the deployment', async () => {
    const account = new Account()
    account.looks.push(...Array.from({ length: 100 }, () => ({ kind: 'absent' }) as const))
    expect(await register(account, propsOf(7))).toMatchObject({ reason: expect.stringContaining('deploy again') })
    account.looks.length = 0
    account.looks.push(new Error('not authorized to perform: ecs:DescribeTasks'))
    await expect(register(account, propsOf(7))).rejects.toThrow('ecs:DescribeTasks')
  })
})

describe('a rollback', () => {
  it('is the same call with the properties of before, and starts nothing', async () => {
    const account = new Account()
    await register(account, propsOf(7))
    account.container = { leaves: manifestOf('mill.grind', 'mill.sift'), stop: { exitCode: 0 } }
    await register(account, propsOf(8))
    account.container = { stop: { exitCode: 1 } }
    await account.world.clock.advance(10 * 86_400_000)
    expect(await register(account, propsOf(7))).toEqual({ ok: true, generation: 'acme-mill:7' })
    expect(account.started).toEqual(['acme-mill:7', 'acme-mill:8'])
    expect(await fleetOf(account)).toMatchObject({ wanted: 'acme-mill:7' })
    expect((await readCommands(account.world)).map(({ name }) => name)).toEqual(['mill.grind'])
  })

  it('after a check run that failed leaves all as it was', async () => {
    const account = new Account()
    await register(account, propsOf(7))
    const before = await fleetOf(account)
    account.container = { stop: { exitCode: 1 } }
    await register(account, propsOf(8))
    await register(account, propsOf(7))
    expect(await fleetOf(account)).toEqual(before)
  })

  it('to a check run that ended well and was never deployed is checked again', async () => {
    const account = new Account()
    account.container = { leaves: manifestOf('mill.grind'), stop: { exitCode: 1 } }
    await register(account, propsOf(7))
    await register(account, propsOf(7))
    expect(account.started).toEqual(['acme-mill:7', 'acme-mill:7'])
  })
})

describe('old revisions', () => {
  it('beyond the last five go, but for those in use, and with them what their checks left', async () => {
    const account = new Account()
    for (let revision = 1; revision <= 9; revision++) {
      account.revisions.push(taskDefinition(revision))
      await register(account, propsOf(revision))
      if (revision !== 2) continue
      const instance = { instance: 'i1', worker: 'mill', generation: 'acme-mill:2', concurrency: 1 }
      await registerInstance(account.world, instance)
    }
    expect((await fleetOf(account))?.current).toBe('acme-mill:2')
    expect(account.deregistered).toEqual(['acme-mill:1', 'acme-mill:3', 'acme-mill:4'])
    const kept = []
    for (let revision = 1; revision <= 9; revision++) {
      if ((await account.world.store.get(checkKey('mill', `acme-mill:${revision}`))) !== undefined) kept.push(revision)
    }
    expect(kept).toEqual([2, 5, 6, 7, 8, 9])
  })

  it('stay for the next time when they cannot be removed', async () => {
    const account = new Account()
    for (let revision = 1; revision <= 7; revision++) account.revisions.push(taskDefinition(revision))
    account.deregisterFails = true
    expect(await register(account, propsOf(7))).toMatchObject({ ok: true })
    expect(account.world.logged).toContain('registrar.revisions-left')
    expect(account.revisions).toHaveLength(7)
  })

  it('of which one is wanted again by a rollback is not removed', async () => {
    const account = new Account()
    await register(account, propsOf(1))
    for (let revision = 1; revision <= 8; revision++) account.revisions.push(taskDefinition(revision))
    await register(account, propsOf(1))
    expect(account.deregistered).toEqual(['acme-mill:3', 'acme-mill:2'])
  })
})
