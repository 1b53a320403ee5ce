import { headSk } from '#core/keys'
import type { Bell, Clock, Commit, CommitOutcome, Feed, Item, Key, Store, Write } from '#core/ports'
import { BellQueue } from '../memory/bell-queue.ts'
import { holds } from '../memory/table.ts'
import { ChangeFeed } from './change-feed.ts'
import { Checkpoint } from './checkpoint.ts'
import { type DatabaseOptions, decodeItem, isHead, itemKey, openDatabases } from './databases.ts'
import { GroupCommit, type Staged } from './group-commit.ts'
import type { HeadText } from './head-record.ts'
import { Heads } from './heads.ts'
import { listItems } from './list-items.ts'
import { isTold } from './log-entry.ts'
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
  readonly isBroken: () => boolean
  readonly close: () => Promise<void>
}

/** Above this a head's arguments would be rewritten with every checkpoint; below it one item is cheaper. */
const inlineBytes = 4_096
const written: CommitOutcome = { kind: 'written' }

export interface LmdbStoreOptions extends DatabaseOptions {
  readonly clock: Clock
  /** How far the log grows before it is cut; default 4 MiB. */
  readonly logBytesMost?: number
}

export function openLmdbStore(options: LmdbStoreOptions): LmdbStore {
  const databases = openDatabases(options)
  const heads = new Heads(databases)
  recoverHeads(databases, heads)
  const queue = new BellQueue(options.clock)
  ringAgain(heads, queue, options.clock.now())
  const pending = new Map<string, Staged>()
  const feed = new ChangeFeed(databases, durable)
  const checkpoint = new Checkpoint(databases, heads, options.logBytesMost)
  const group = new GroupCommit({
    databases,
    checkpoint,
    logEntry: (staged) => feed.entryOf(staged),
    lastSeq: () => feed.lastSeq,
    onFlushed: (staged) => {
      for (const write of staged) settle(write)
      feed.show()
    },
  })

  function durable(key: Key): Item | undefined {
    if (isHead(key)) return heads.get(key.pk)
    const name = itemKey(key)
    const text = databases.items.get(name)
    return text === undefined ? undefined : decodeItem(name, text)
  }

  function settle(write: Staged): void {
    const { key, item } = write
    const name = nameOf(key)
    if (pending.get(name) === write) pending.delete(name)
    if (!isHead(key)) return
    if (item === undefined) heads.delete(key.pk)
    else if (write.text !== undefined) heads.set(item, write.text)
  }

  /** What will stand there once everything staged is flushed: conditions are checked against that. */
  function latest(key: Key): Item | undefined {
    const staged = pending.size === 0 ? undefined : pending.get(nameOf(key))
    return staged === undefined ? durable(key) : staged.item
  }

  function stage(write: Write, current: Item | undefined): Staged {
    const key = keyOf(write)
    const name = nameOf(key)
    const item = write.kind === 'put' ? write.item : undefined
    const staged: Staged = { key, item, before: current, text: isHead(key) ? textBefore(name) : undefined }
    pending.set(name, staged)
    return staged
  }

  /** The record that a move builds on: of the write before it if that is being flushed, else as it stands. */
  function textBefore(pk: string): HeadText | undefined {
    return pending.get(pk)?.text ?? heads.text(pk)
  }

  function stageIfHolds(write: Write): Staged[] {
    const current = latest(keyOf(write))
    return holds(write, current) ? [stage(write, current)] : []
  }

  async function commit({ write, before, bells }: Commit): Promise<CommitOutcome> {
    const key = keyOf(write)
    const current = isBlind(write) ? undefined : latest(key)
    if (!holds(write, current)) {
      // What it lost against may not be durable yet: the answer waits until it is.
      if (pending.has(nameOf(key))) await group.add([])
      return { kind: 'conflict', current: durable(key) }
    }
    const staged = before === undefined ? [] : before.flatMap(stageIfHolds)
    staged.push(stage(write, current))
    const late = bells?.filter((bell) => !mayRingAtOnce(bell)) ?? []
    if (bells !== undefined && late.length < bells.length) queue.send(bells.filter(mayRingAtOnce))
    await group.add(staged, {
      isPatient: isBlind(write),
      ...(late.length === 0 ? {} : { afterFlush: () => queue.send(late) }),
    })
    return written
  }

  async function addToSet(key: Key, members: readonly string[]): Promise<number> {
    const current = latest(key)
    const standing = (current?.data as { readonly set: readonly string[] } | undefined)?.set ?? []
    const set = [...new Set([...standing, ...members])]
    const item: Item = { ...key, born: current?.born ?? 'set', n: (current?.n ?? 0) + 1, data: { set } }
    await group.add([stage({ kind: 'put', item, condition: { kind: 'any' } }, current)])
    return set.length
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
    sweep: createSweep(databases, heads, (writes) => group.add(writes.flatMap(stageIfHolds))),
    openTasks: () => heads.open.values(),
    isBroken: () => group.isBroken,
    close: async () => {
      await group.drain()
      await databases.root.close()
    },
  }
}

/**
 * The bell of a small new task rings before its flush: a receiver that waits claims it at the version staged here, and
 * both writes leave in one flush. Nobody outside hears of either before that, and if the flush fails both are gone.
 */
function mayRingAtOnce(bell: Bell): boolean {
  return bell.n === 1 && bell.copy !== undefined
}

/** A write without condition whose change nobody is told: what stood there before does not matter. */
function isBlind(write: Write): boolean {
  return write.condition.kind === 'any' && !isTold(keyOf(write))
}

function keyOf(write: Write): Key {
  return write.kind === 'put' ? write.item : write.key
}

function nameOf(key: Key): string {
  return isHead(key) ? key.pk : itemKey(key)
}
