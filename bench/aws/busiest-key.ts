import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import type { AwsCall } from '../../test/support/platform/aws-proxy.ts'

/** Which partition took the most writes of these calls, and its share: what bounds how fast they can go. */
export function busiestKey(calls: readonly AwsCall[]): string {
  const writes = new Map<string, number>()
  for (const { service, action, input } of calls) {
    if (service !== 'dynamodb' || !['PutItem', 'UpdateItem', 'DeleteItem'].includes(action)) continue
    const keys = (input.Item ?? input.Key) as Record<string, AttributeValue> | undefined
    const pk = keys?.pk?.S ?? '?'
    writes.set(pk, (writes.get(pk) ?? 0) + 1)
  }
  const all = [...writes.values()].reduce((sum, count) => sum + count, 0)
  const [busiest] = [...writes].sort(([, a], [, b]) => b - a)
  if (busiest === undefined) return 'no writes'
  const [pk, count] = busiest
  return `  busiest of ${writes.size} keys: ${pk} with ${count} of ${all} writes`
}
