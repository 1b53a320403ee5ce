import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { itemBytes, readUnits, writeUnits } from '#adapters/dynamodb/units'
import type { AwsCall } from '../../test/support/platform/aws-proxy.ts'

/**
 * What calls cost, counted by the published rules from what was sent and answered: table and index, refused conditions,
 * reads of nothing. DynamoDB Local says what it would charge as well, which is held against it.
 */

export interface Usage {
  /** `sqs SendMessageBatch` → how often. */
  readonly calls: Map<string, number>
  writeUnits: number
  readUnits: number
  /** What the emulator says of the same calls. */
  emulatedWriteUnits: number
  emulatedReadUnits: number
  /** By 64 KB. */
  sqsRequests: number
  fairRequests: number
  busEvents: number
  s3Puts: number
  s3Gets: number
  /** To watchers, by 32 KB. */
  liveMessages: number
  /** Calls of functions by others. */
  laterCalls: number
  bytesWritten: number
}

type Attributes = Record<string, AttributeValue>

/** Asks DynamoDB for what stood there before and for its own count, which the hub does not want to know. */
export function rewriteForMeter(action: string, input: Record<string, unknown>): Record<string, unknown> {
  const counted = { ...input, ReturnConsumedCapacity: 'INDEXES' }
  return action === 'PutItem' || action === 'DeleteItem' ? { ...counted, ReturnValues: 'ALL_OLD' } : counted
}

export function usageOf(calls: readonly AwsCall[]): Usage {
  const usage: Usage = {
    calls: new Map(),
    ...{ writeUnits: 0, readUnits: 0, emulatedWriteUnits: 0, emulatedReadUnits: 0 },
    ...{ sqsRequests: 0, fairRequests: 0, busEvents: 0, s3Puts: 0, s3Gets: 0, bytesWritten: 0 },
    ...{ liveMessages: 0, laterCalls: 0 },
  }
  for (const call of calls) {
    const name = `${call.service} ${call.action}`
    usage.calls.set(name, (usage.calls.get(name) ?? 0) + 1)
    add(usage, call)
  }
  return usage
}

function add(usage: Usage, call: AwsCall): void {
  switch (call.service) {
    case 'dynamodb':
      return addDynamo(usage, call)
    case 'sqs':
      return addSqs(usage, call)
    case 's3':
      if (call.action === 'PUT') usage.s3Puts++
      else if (call.action !== 'DELETE') usage.s3Gets++
      return
    case 'events':
      usage.busEvents += entriesOf(call).length
      return
    case 'connections':
      // To close one is no message.
      if (call.action === 'POST' && call.status === 200)
        usage.liveMessages += Math.ceil(call.requestBytes / liveChunkBytes)
      return
    case 'lambda':
      usage.laterCalls++
      return
    case 'ecs':
    // Searches of logs cost nothing.
    case 'logs':
      return
    default:
      call.service satisfies never
  }
}

function addDynamo(usage: Usage, call: AwsCall): void {
  const { action, input, output, status } = call
  const consumed = (output.ConsumedCapacity as { readonly CapacityUnits?: number } | undefined)?.CapacityUnits ?? 0
  const before = (output.Attributes ?? output.Item) as Attributes | undefined
  const isRefused = String(output.__type ?? '').endsWith('ConditionalCheckFailedException')
  // What was refused for another reason was not charged.
  if (status >= 400 && !isRefused) return
  switch (action) {
    case 'PutItem':
    case 'DeleteItem': {
      const after = action === 'PutItem' && !isRefused ? (input.Item as Attributes) : undefined
      const sent = action === 'PutItem' ? (input.Item as Attributes) : undefined
      usage.writeUnits += isRefused
        ? Math.max(writeUnits({ before, isRefused }), sent === undefined ? 1 : writeUnits({ after: sent, isRefused }))
        : writeUnits({ before, after })
      usage.emulatedWriteUnits += consumed
      usage.bytesWritten += sent === undefined ? 0 : itemBytes(sent)
      return
    }
    case 'UpdateItem':
      usage.writeUnits += writeUnits({ after: before })
      usage.emulatedWriteUnits += consumed
      return
    case 'GetItem': {
      const bytes = output.Item === undefined ? 0 : itemBytes(output.Item as Attributes)
      usage.readUnits += readUnits(bytes, input.ConsistentRead === true)
      usage.emulatedReadUnits += consumed
      return
    }
    case 'Query': {
      const items = (output.Items ?? []) as readonly Attributes[]
      const bytes = items.reduce((sum, item) => sum + itemBytes(item), 0)
      usage.readUnits += readUnits(bytes, input.ConsistentRead === true)
      usage.emulatedReadUnits += consumed
      return
    }
    default:
      throw new Error(`the meter does not know ${action}`)
  }
}

const sqsChunkBytes = 65_536
const liveChunkBytes = 32_768

function addSqs(usage: Usage, call: AwsCall): void {
  const messages = (call.output.Messages ?? []) as readonly { readonly Body?: string }[]
  const received = messages.reduce((sum, { Body = '' }) => sum + Buffer.byteLength(Body), 0)
  const chunks = Math.max(1, Math.ceil(Math.max(call.requestBytes, received) / sqsChunkBytes))
  usage.sqsRequests += chunks
  if (entriesOf(call).some(({ MessageGroupId }) => MessageGroupId !== undefined)) usage.fairRequests += chunks
}

function entriesOf({ input }: AwsCall): readonly Readonly<Record<string, unknown>>[] {
  return (input.Entries ?? []) as readonly Readonly<Record<string, unknown>>[]
}
