import { type DynamoDBClient, QueryCommand, type QueryCommandInput } from '@aws-sdk/client-dynamodb'
import type { Item, Key, ListRange, Page, Store } from '#core/ports'
import { dueIndex, keyAttributes, toItem } from './attributes.ts'
import type { Attributes } from './head-attributes.ts'
import { told } from './told.ts'

/** DynamoDB answers at most 1 MB at a time; so many answers make one page at most. */
const answersMost = 100

interface Place {
  readonly client: DynamoDBClient
  readonly table: string
}

/** Items of one partition, strongly consistent. */
export function createList({ client, table }: Place): Store['list'] {
  return async (range) => {
    const bounds = boundsOf(range)
    const items: Item[] = []
    if (bounds.low > bounds.high || isBehind(range, bounds)) return { items }
    let start: Attributes | undefined = startOf(range, bounds)
    for (let answers = 0; answers < answersMost; answers++) {
      const ask: QueryCommandInput = {
        TableName: table,
        ConsistentRead: true,
        KeyConditionExpression: 'pk = :pk AND sk BETWEEN :low AND :high',
        ExpressionAttributeValues: { ':pk': { S: range.pk }, ':low': { S: bounds.low }, ':high': { S: bounds.high } },
        ScanIndexForward: range.backwards !== true,
        // One more than is wanted tells whether there is more behind it.
        Limit: range.limit - items.length + 1,
        ...(start === undefined ? {} : { ExclusiveStartKey: start }),
      }
      const { Items: found = [], LastEvaluatedKey: last } = await told('listing items', () =>
        client.send(new QueryCommand(ask)),
      )
      for (const attributes of found) {
        const item = toItem(attributes)
        if (item.sk !== range.to) items.push(item)
      }
      if (items.length > range.limit) return pageOf(items, range.limit)
      if (last === undefined) return { items }
      start = last
    }
    return { items, next: items.at(-1)?.sk }
  }
}

function pageOf(items: readonly Item[], limit: number): Page {
  const page = items.slice(0, limit)
  return { items: page, next: page.at(-1)?.sk }
}

interface Bounds {
  readonly low: string
  readonly high: string
}

/** Above every sort key that there is: keys are ASCII. */
const highest = '\u{10ffff}'

/** Both ends included; `to` is not, and is dropped from what comes. */
function boundsOf({ prefix = '', from, to }: ListRange): Bounds {
  const low = from !== undefined && from > prefix ? from : prefix
  const ofPrefix = `${prefix}${highest}`
  // A sort key is never empty, and a bound must not be either.
  return { low: low === '' ? '\u0000' : low, high: to !== undefined && to < ofPrefix ? to : ofPrefix }
}

/** A walk goes on behind `after`; where that lies outside of the bounds, they begin the walk. */
function startOf({ pk, after, backwards }: ListRange, { low, high }: Bounds): Attributes | undefined {
  if (after === undefined) return undefined
  const isBefore = backwards === true ? after > high : after < low
  return isBefore ? undefined : keyAttributes({ pk, sk: after })
}

/** Whether a walk that goes on behind `after` has nothing before it. */
function isBehind({ after, backwards }: ListRange, { low, high }: Bounds): boolean {
  if (after === undefined) return false
  return backwards === true ? after <= low : after >= high
}

/** What is due, over all shards of the sparse index. It may be late; whoever reads it looks at the item itself. */
export function createDue({ client, table, dueShards }: Place & { readonly dueShards: number }): Store['due'] {
  type Entry = Key & { readonly due: number }

  async function ofShard(shard: number, until: number, limit: number): Promise<Entry[]> {
    const command = new QueryCommand({
      TableName: table,
      IndexName: dueIndex,
      KeyConditionExpression: 'dueShard = :shard AND due <= :until',
      ExpressionAttributeValues: { ':shard': { S: String(shard) }, ':until': { N: String(until) } },
      Limit: limit,
    })
    const { Items: found = [] } = await told('reading what is due', () => client.send(command))
    return found.map((attributes) => ({
      pk: attributes.pk?.S ?? '',
      sk: attributes.sk?.S ?? '',
      due: Number(attributes.due?.N),
    }))
  }

  return async ({ until, limit }) => {
    const shards = Array.from({ length: dueShards }, (_, shard) => ofShard(shard, until, limit))
    const entries = (await Promise.all(shards)).flat()
    return entries.sort((a, b) => a.due - b.due).slice(0, limit)
  }
}
