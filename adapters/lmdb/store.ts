import type { Head } from '#core/head'
import { headSk } from '#core/keys'
import type { Bell, Clock, Commit, CommitOutcome, Feed, Item, Key, Store, Write } from '#core/ports'
import { BellQueue } from '../memory/bell-queue.ts'
import { holds } from '../memory/table.ts'
import { ChangeFeed } from './change-feed.ts'
import { Checkpoint } from './checkpoint.ts'
import { type DatabaseOptions, decodeItem, isHead, itemKey, openDatabases } from './databases.ts'
import type { Group, StagedItem } from './group.ts'
import { GroupCommit } from './group-commit.ts'
import { Heads } from './heads.ts'
import { listItems } from './list-items.ts'
import { isRow } from './log-entry.ts'
import { recoverHeads, ringAgain } from './recover.ts'
import { createSweep } from './sweep.ts'

/**
 * The embedded hub's store. One process is the only writer and checks versions in memory; commits gather into groups,
 * one flush each; heads go to a log first and to their place at a checkpoint. Bells are not on disk: a head and its bell
 * are one commit, so the queue is made again from the heads at opening.
 */
export interface LmdbStore {
  readonly store: Store
  readonly queue: BellQueue
  readonly feed: Feed
  /** Removes what has passed its `expiresAt`, some at a time. Answers how many items went. */
  readonly sweep: (now: number) => Promise<number>
  readonly openTasks: () => Iterable<Item>
  /** Every head that there is, some at a time; for whoever has the store for himself. */
  readonly allHeads: () => Iterable<readonly Head[]>
  readonly close: () => Promise<void>
}

/** Above this a head's arguments would be rewritten with every checkpoint; below it one item is cheaper. */
const inlineBytes = 4_096

export interface LmdbStoreOptions extends DatabaseOptions {
  readonly clock: Clock
  /** How far the log grows before it is cut; default 4 MiB. */
  readonly logBytesMost?: number
  /** Called once, with the first failure after which the store takes nothing more (protocol 43). */
  readonly onBroken?: (error: Error) => void
}

export function openLmdbStore(options: LmdbStoreOptions): LmdbStore {
  const databases = openDatabases(options)
  const heads = new Heads(databases)
  recoverHeads(databases, heads)
  const queue = new BellQueue(options.clock)
  ringAgain(heads, queue, options.clock.now())
  /** Items on their way to disk; directory rows are not among them, as no condition ever looks at one. */
  const pending = new Map<string, StagedItem>()
  const feed = new ChangeFeed(databases, durable)
  const { monotonicMs } = options.clock
  const checkpoint = new Checkpoint({ databases, heads, monotonicMs, logBytesMost: options.logBytesMost })
  const commits = new GroupCommit({
    databases,
    checkpoint,
    lastSeq: () => feed.lastSeq,
    onFlushed: settle,
    onBroken: options.onBroken,
  })

  function durable(key: Key): Item | undefined {
    if (isHead(key)) return heads.get(key.pk)
    const name = itemKey(key)
    const text = databases.items.get(name)
    return text === undefined ? undefined : decodeItem(name, text)
  }

  function settle(group: Group, seq: number | undefined): void {
    group.settle(heads)
    if (pending.size > 0) {
      for (const staged of group.items) if (pending.get(staged.name) === staged) pending.delete(staged.name)
    }
    if (seq !== undefined) feed.show(seq, group.changes)
  }

  /** What will stand there once everything staged is flushed: conditions are checked against that. */
  function latest(key: Key): Item | undefined {
    if (isHead(key)) {
      const slot = heads.find(key.pk)
      return slot === undefined ? heads.ended(key.pk) : slot.latest
    }
    const staged = pending.size === 0 ? undefined : pending.get(itemKey(key))
    return staged === undefined ? durable(key) : staged.item
  }

  function isOnItsWay(key: Key): boolean {
    return isHead(key) ? (heads.find(key.pk)?.pending ?? 0) > 0 : pending.has(itemKey(key))
  }

  function stage(write: Write, current: Item | undefined): void {
    const key = keyOf(write)
    const item = write.kind === 'put' ? write.item : undefined
    const group = commits.gathering()
    if (isHead(key)) return group.stageHead(heads.find(key.pk) ?? heads.keep(key.pk, current), key.sk, item)
    const staged = group.stageItem(key, current, item)
    if (!isRow(key.pk)) pending.set(staged.name, staged)
  }

  function stageIfHolds(write: Write): void {
    const current = latest(keyOf(write))
    if (holds(write, current)) stage(write, current)
  }

  function commit({ write, before, bells }: Commit): Promise<CommitOutcome> {
    if (commits.broken !== undefined) return Promise.reject(commits.broken)
    if (isBlind(write)) {
      stage(write, undefined)
      return commits.flushedSoon()
    }
    const key = keyOf(write)
    const current = latest(key)
    if (!holds(write, current)) return lost(key)
    if (before !== undefined) for (const side of before) stageIfHolds(side)
    stage(write, current)
    if (bells !== undefined) ring(bells)
    return commits.flushed()
  }

  /** What it lost against may not be durable yet: the answer waits until it is. */
  async function lost(key: Key): Promise<CommitOutcome> {
    if (isOnItsWay(key)) await commits.flushed()
    return { kind: 'conflict', current: durable(key) }
  }

  function ring(bells: readonly Bell[]): void {
    const late = bells.filter((bell) => !mayRingAtOnce(bell))
    if (late.length < bells.length) queue.send(late.length === 0 ? bells : bells.filter(mayRingAtOnce))
    if (late.length > 0) commits.gathering().afterFlush.push(() => queue.send(late))
  }

  async function addToSet(key: Key, members: readonly string[]): Promise<number> {
    const current = latest(key)
    const standing = (current?.data as { readonly set: readonly string[] } | undefined)?.set ?? []
    const set = [...new Set([...standing, ...members])]
    const item: Item = { ...key, born: current?.born ?? 'set', n: (current?.n ?? 0) + 1, data: { set } }
    stage({ kind: 'put', item, condition: { kind: 'any' } }, current)
    await commits.flushed()
    return set.length
  }

  async function remove(writes: readonly Write[]): Promise<void> {
    for (const write of writes) stageIfHolds(write)
    await commits.flushed()
  }

  const store: Store = {
    inlineBytes,
    get: async (key) => durable(key),
    list: async (range) => listItems(databases, range, (pk) => durable({ pk, sk: headSk })),
    due: async ({ until, limit }) => heads.due(until, limit),
    commit,
    addToSet,
  }
  return {
    store,
    queue,
    feed,
    sweep: createSweep(databases, heads, remove),
    openTasks: () => openItems(heads),
    allHeads: () => heads.all(),
    close: async () => {
      await commits.drain()
      await databases.root.close()
    },
  }
}

function* openItems(heads: Heads): Generator<Item> {
  for (const { item } of heads.open()) if (item !== undefined) yield item
}

/**
 * The bell of a small new task rings before its flush: a receiver that waits claims it at the version staged here, and
 * both writes leave in one flush. Nobody outside hears of either before that, and if the flush fails both are gone.
 */
function mayRingAtOnce(bell: Bell): boolean {
  return bell.n === 1 && bell.copy !== undefined
}

/** A directory row without condition: nobody waits for it, and what stood there before does not matter. */
function isBlind(write: Write): boolean {
  return write.condition.kind === 'any' && isRow(keyOf(write).pk)
}

function keyOf(write: Write): Key {
  return write.kind === 'put' ? write.item : write.key
}
