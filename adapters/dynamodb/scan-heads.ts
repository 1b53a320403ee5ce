import { type DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb'
import type { Head } from '#core/head'
import { headSk } from '#core/keys'
import { headOf } from '#core/layout'
import { toItem } from './attributes.ts'
import type { Attributes } from './head-attributes.ts'
import { told } from './told.ts'

/**
 * Every head of a table, by a parallel Scan, page by page. For an operator under his own keys: no role of a hub may scan
 * (protocol 39). It reads, and is billed for, the whole table.
 */
export async function* scanHeads(
  { client, table }: { readonly client: DynamoDBClient; readonly table: string },
  segments: number,
): AsyncGenerator<readonly Head[]> {
  /** The next page of each segment that has more, being asked for while others are worked off. */
  const asked = new Map<number, Promise<SegmentPage>>()
  const ask = (segment: number, start: Attributes | undefined) => {
    const page = readPage({ client, table }, { segment, segments, start })
    // Waited for below; should another one fail first, this one's failure is no second one.
    page.catch(() => undefined)
    asked.set(segment, page)
  }
  for (let segment = 0; segment < segments; segment++) ask(segment, undefined)
  while (asked.size > 0) {
    const { segment, heads, next } = await Promise.race(asked.values())
    asked.delete(segment)
    if (next !== undefined) ask(segment, next)
    if (heads.length > 0) yield heads
  }
}

interface SegmentPage {
  readonly segment: number
  readonly heads: readonly Head[]
  readonly next: Attributes | undefined
}

async function readPage(
  { client, table }: { readonly client: DynamoDBClient; readonly table: string },
  { segment, segments, start }: { segment: number; segments: number; start: Attributes | undefined },
): Promise<SegmentPage> {
  const command = new ScanCommand({
    TableName: table,
    Segment: segment,
    TotalSegments: segments,
    FilterExpression: 'sk = :head AND begins_with(pk, :task)',
    ExpressionAttributeValues: { ':head': { S: headSk }, ':task': { S: 'T#' } },
    ConsistentRead: true,
    ...(start === undefined ? {} : { ExclusiveStartKey: start }),
  })
  const { Items: found = [], LastEvaluatedKey: next } = await told('scanning the table', () => client.send(command))
  return { segment, heads: found.map((attributes) => headOf(toItem(attributes))), next }
}
