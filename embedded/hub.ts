import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { openBlobFiles } from '#adapters/files/blobs'
import { openKeys } from '#adapters/files/live-keys'
import { openUploadTokens } from '#adapters/files/upload-tokens'
import { systemChance } from '#adapters/system/chance'
import { systemClock } from '#adapters/system/clock'
import { createSystemIds } from '#adapters/system/ids'
import { isLiveRetrySk } from '#core/keys'
import type { Feed, Log } from '#core/ports'
import { readHead } from '#core/tasks/move'
import type { World } from '#core/world'
import { createApi } from '#functions/api/app'
import { createCatalog } from '#functions/api/catalog'
import { createCheckSubTasks } from '#functions/api/create-sub-tasks'
import { createRegisterWorker, type RegisterWorker } from '#functions/api/register-worker'
import { repeatPush } from '#functions/live/repeat-push'
import { createWorkerCalls, type WorkerCalls } from '#functions/worker-protocol/worker-calls'
import { createAuthorize } from './authorize.ts'
import { forgetMissing, freeRunsOfTheDead } from './dead-instances.ts'
import { followFeed } from './follow-feed.ts'
import { startHubClock } from './hub-clock.ts'
import { createInstances, type Instances } from './instances.ts'
import { createLiveServer } from './live/live-server.ts'
import { lockFolder } from './lock.ts'
import { openStore } from './open-store.ts'
import { createScaleOut } from './scale-out.ts'
import { listen } from './server.ts'
import { createSight } from './sight.ts'
import { openTaskLogs } from './task-logs.ts'

/** One machine has one disk: nothing is gained by spreading rows. */
export const directoryShards = 1

/** How long after a start instances of an earlier hub are waited for: they try again every second or so. */
const comeBackMostMs = 4_000

export interface HubOptions {
  readonly dataFolder: string
  /** Default 127.0.0.1: other machines reach the hub only where this says so. */
  readonly host?: string
  /** 0: any free port. */
  readonly port?: number
  /** Pages of these origins may watch tasks, with a token; without the list, any may. */
  readonly liveOrigins?: readonly string[]
  /** `process` survives kill -9 but not a power cut. Default `power`. */
  readonly durability?: 'power' | 'process'
  readonly log: Log
  /** What an instance says on its output, line by line. */
  readonly onOutput?: (worker: string, line: string) => void
  /** The store cannot write any more; the process must end (protocol 43). */
  readonly onBroken: (error: unknown) => void
}

export interface Hub {
  readonly endpoint: string
  readonly world: World
  readonly calls: WorkerCalls
  readonly feed: Feed
  readonly registerWorker: RegisterWorker
  /** Stops taking requests, lets instances hand back, writes what is left. */
  readonly close: () => Promise<void>
}

export type OpenOutcome =
  | { readonly kind: 'open'; readonly hub: Hub }
  /** Another hub has the folder, a file is not what it should be, the port is taken: words for a person. */
  | { readonly kind: 'refused'; readonly message: string }

/** Opens the one-machine hub on a folder: store, queue, API, worker streams, reactor, clock, scaler, launcher. */
export async function openHub(options: HubOptions): Promise<OpenOutcome> {
  const folder = resolve(options.dataFolder)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const lock = await lockFolder(folder)
  if (!lock.ok) return { kind: 'refused', message: lock.message }
  const opened = await openParts(folder, options).catch(async (error: unknown) => {
    await lock.release()
    throw error
  })
  if (opened.kind === 'refused') {
    await lock.release()
    return opened
  }
  lock.setEndpoint(opened.hub.endpoint)
  const close = async () => {
    await opened.hub.close()
    await lock.release()
  }
  return { kind: 'open', hub: { ...opened.hub, close } }
}

async function openParts(folder: string, options: HubOptions): Promise<OpenOutcome> {
  const { log } = options
  const keys = openKeys(folder, { notice: (message) => log.warn('keys.notice', { message }) })
  if (!keys.ok) return { kind: 'refused', message: keys.message }
  const { durability = 'power', onBroken } = options
  const opened = await openStore(folder, { durability, clock: systemClock, onBroken })
  if (opened.kind === 'refused') return opened
  const { store, queue, feed, sweep, close: closeStore } = opened.store
  const sight = createSight(systemClock)
  const logs = openTaskLogs({ folder, log, now: systemClock.now, readHead: (taskId) => readHead(world, taskId) })
  const world: World = {
    taskLogs: logs.port,
    blobs: await openBlobFiles({ folder: join(folder, 'files'), durability }),
    store,
    queue,
    log,
    clock: systemClock,
    ids: createSystemIds(),
    chance: systemChance,
    directoryShards,
    seesSince: sight.seesSince,
  }
  const onFailed = (error: unknown) => log.error('hub.failed', { error: String(error) })
  const catalog = createCatalog(world)
  const registerWorker = createRegisterWorker({ world, catalog })
  const checkSubTasks = createCheckSubTasks({ world, catalog })
  const calls = createWorkerCalls(world, registerWorker, { checkSubTasks })
  const instances: Instances = createInstances({
    ...{ world, calls, folder, log, onFailed },
    onOutput: options.onOutput,
    onLine: logs.take,
  })
  const scaleOut = createScaleOut(world, instances.launcher, onFailed)
  const live = createLiveServer({ world, onFailed, origins: options.liveOrigins })
  await freeRunsOfTheDead(world, opened.store.openTasks())
  const following = await followFeed({
    world,
    feed,
    nudgeScaler: scaleOut.nudge,
    onCancelAsked: ({ instance, run, taskId }) => instances.push(instance, { push: 'cancel', run, taskId }),
    onChanges: live.pusher.take,
    onFailed,
  })
  const authorize = createAuthorize(keys.keys)
  const uploads = openUploadTokens(folder)
  const events = { onTask: following.onTask }
  const api = createApi({ world, catalog, workerCalls: calls, authorize, events, uploads, live: live.door })
  const listening = await listen({
    host: options.host ?? '127.0.0.1',
    port: options.port ?? 4400,
    api,
    authorize,
    onStream: instances.accept,
    onLive: live.accept,
  })
  if (listening.kind === 'refused') {
    await following.stop()
    await closeStore()
    return listening
  }
  instances.setEndpoint(listening.endpoint)
  scaleOut.start()
  const missing = setTimeout(() => {
    forgetMissing(world, (instance) => calls.sessionOf(instance) !== undefined).catch(onFailed)
  }, comeBackMostMs)
  const hubClock = startHubClock({
    world,
    launcher: instances.launcher,
    sweep,
    onOther: async (key) => {
      if (isLiveRetrySk(key.sk)) await repeatPush(live.parts, key)
    },
    onSecond: instances.scaleIfWaiting(scaleOut.nudge),
    onTick: sight.look,
    onFailed,
  })
  const close = async () => {
    clearTimeout(missing)
    scaleOut.stop()
    await hubClock.stop()
    await instances.stop()
    await logs.settled()
    await live.stop()
    await listening.close()
    await following.stop()
    await live.pusher.settled()
    await closeStore()
  }
  return { kind: 'open', hub: { endpoint: listening.endpoint, world, calls, feed, registerWorker, close } }
}

export function defaultDataFolder(env: Readonly<Record<string, string | undefined>>, cwd: string): string {
  return env.TASKURAI_DATA ?? join(cwd, '.taskurai')
}
