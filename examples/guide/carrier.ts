/** Whoever carries the parcels: somebody else's service, with good and bad days. */
import { TaskFailure } from 'taskurai/worker'
import { z } from 'zod'

const Booked = z.object({ label: z.string(), pickUpOn: z.iso.date() })
export type Booked = z.infer<typeof Booked>

export interface Ask {
  readonly path: string
  readonly body: unknown
  /** The same for every run of one task: the carrier then books once, however often it is asked. */
  readonly idempotencyKey: string
  readonly signal: AbortSignal
}

// #region fail
export async function askCarrier({ path, body, idempotencyKey, signal }: Ask): Promise<Booked> {
  const response = await fetch(new URL(path, process.env.CARRIER_URL), {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': idempotencyKey },
    body: JSON.stringify(body),
    // Ends the call when the task is canceled, out of time, or no longer ours.
    signal,
  })
  if (response.ok) return Booked.parse(await response.json())
  const said = await response.text()
  if (response.status === 422) {
    // No other run would do better: the task fails now, with words for the desk.
    throw new TaskFailure(`The carrier refuses this parcel: ${said}`, { code: 'refused', retryable: false })
  }
  // Anything else that is thrown may be tried again, by the policy of the command.
  throw new TaskFailure(`The carrier answered ${response.status}`, { code: 'carrier-away' })
}
// #endregion
