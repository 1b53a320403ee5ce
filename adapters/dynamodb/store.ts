import {
  ConditionalCheckFailedException,
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb'
import type { Bell, Commit, CommitOutcome, Item, Key, Store, Write } from '#core/ports'
import { keyAttributes, toAttributes, toItem } from './attributes.ts'
import { conditionOf } from './conditions.ts'
import type { Attributes } from './head-attributes.ts'
import { createDue, createList } from './queries.ts'
import { told, withinLimit } from './told.ts'

/**
 * The table of a hub in an account. A commit is three steps in this order: bells out, side items, then one conditional
 * write (protocol 7, 8). It is no transaction, and needs none: whatever breaks off in between leaves a bell ahead of its
 * head, which dies of itself, or a side item that nothing names.
 */

/**
 * Of a head, its arguments included; the rest of the kilobyte that one write unit pays for is what a run adds to it.
 * `test/adapters/dynamodb/size.test.ts` measures both.
 */
const inlineBytes = 850
/** A send older than this is made again before the write: its bell may be given up by now (protocol 8). */
const sendGoodMs = 30_000

type WriteCommand = PutItemCommand | DeleteItemCommand

export interface DynamoStoreOptions {
  readonly client: DynamoDBClient
  readonly table: string
  readonly sendBells: (bells: readonly Bell[]) => Promise<void>
  /** Partitions of the due index; default 8. */
  readonly dueShards: number
  readonly monotonicMs: () => number
}

export function openDynamoStore(options: DynamoStoreOptions): Store {
  const { client, table, dueShards } = options

  async function get(key: Key): Promise<Item | undefined> {
    const command = new GetItemCommand({ TableName: table, Key: keyAttributes(key), ConsistentRead: true })
    const { Item: found } = await told('reading an item', () => client.send(command))
    return found === undefined ? undefined : toItem(found)
  }

  async function commit({ write, before = [], bells = [] }: Commit): Promise<CommitOutcome> {
    // What cannot be written for its size is refused here, before anything of the commit is out.
    const sides = before.map(requestOf)
    const request = requestOf(write)
    const sentAtMs = options.monotonicMs()
    if (bells.length > 0) await options.sendBells(bells)
    for (const side of sides) await perform(side)
    if (bells.length > 0 && options.monotonicMs() - sentAtMs > sendGoodMs) await options.sendBells(bells)
    return perform(request)
  }

  function requestOf(write: Write): WriteCommand {
    const ask = {
      TableName: table,
      ...conditionOf(write),
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    } as const
    if (write.kind === 'delete') return new DeleteItemCommand({ ...ask, Key: keyAttributes(write.key) })
    return new PutItemCommand({ ...ask, Item: withinLimit(toAttributes(write.item, dueShards)) })
  }

  async function perform(request: WriteCommand): Promise<CommitOutcome> {
    try {
      await told('writing an item', () => client.send(request as PutItemCommand))
      return { kind: 'written' }
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error
      return { kind: 'conflict', current: error.Item === undefined ? undefined : toItem(error.Item) }
    }
  }

  async function addToSet(key: Key, members: readonly string[]): Promise<number> {
    if (members.length === 0) return setSize((await get(key))?.data)
    const command = new UpdateItemCommand({
      TableName: table,
      Key: keyAttributes(key),
      UpdateExpression: 'SET #born = if_not_exists(#born, :set) ADD #members :members',
      ExpressionAttributeNames: { '#born': 'born', '#members': 'members' },
      ExpressionAttributeValues: { ':set': { S: 'set' }, ':members': { SS: [...new Set(members)] } },
      ReturnValues: 'ALL_NEW',
    })
    const { Attributes: standing } = await told('adding to a set', () => client.send(command))
    return (standing as Attributes | undefined)?.members?.SS?.length ?? 0
  }

  return {
    inlineBytes,
    get,
    list: createList({ client, table }),
    due: createDue({ client, table, dueShards }),
    commit,
    addToSet,
  }
}

function setSize(data: unknown): number {
  return (data as { readonly set: readonly string[] } | undefined)?.set.length ?? 0
}
