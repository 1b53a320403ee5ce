/** How a service asks for parcels. */
import { type Client, newTask } from 'taskurai/client'
import { parcelBook } from './contracts.ts'

// #region submit
export async function bookParcel(hub: Client, orderId: string): Promise<string> {
  const task = await hub.submit(
    parcelBook,
    { orderId, weightGrams: 1_200 },
    { idempotencyKey: `parcel/${orderId}`, externalId: orderId, subject: `Parcel of order ${orderId}` },
  )
  return task.id
}
// #endregion

// #region wait
export async function labelOf(hub: Client, orderId: string): Promise<string> {
  const task = await hub.submit(parcelBook, { orderId, weightGrams: 1_200 })
  const { status, result, error } = await hub.wait(task, { timeoutSeconds: 120 })
  if (status !== 'succeeded') throw new Error(`No label for ${orderId}: ${error?.message ?? status}`)
  return result?.output?.label ?? ''
}
// #endregion

// #region batch
export function bookParcels(hub: Client, orderIds: readonly string[]): Promise<readonly string[]> {
  return hub.submitBatch(
    orderIds.map((orderId) => newTask(parcelBook, { orderId, weightGrams: 1_200 }, { externalId: orderId })),
  )
}
// #endregion

// #region times
/** Tomorrow at the earliest, and not at all where that did not work within three hours. */
export async function bookForTomorrow(hub: Client, orderId: string): Promise<void> {
  await hub.submit(
    parcelBook,
    { orderId, weightGrams: 1_200 },
    {
      startAfter: { seconds: 86_400 },
      notStartAfter: { seconds: 97_200 },
      // Instead of the command's own policy, for this one task.
      retry: { maxRuns: 20, minSeconds: 60, maxSeconds: 600, factor: 2, jitter: 'full' },
      timeoutSeconds: 20,
    },
  )
}
// #endregion
