/** An order as a saga: each step is done once, a person approves the large ones, and what was done is undone if need be. */
import { type CommandContext, defineCommand, TaskFailure } from 'taskurai/worker'
import { z } from 'zod'
import { shop } from './shop.ts'

const Order = z.object({ orderId: z.string(), cents: z.int().min(1), items: z.array(z.string()).min(1) })
const Approval = z.object({ approved: z.boolean(), by: z.string() })

const approvalFromCents = 100_000
const approvalSeconds = 3 * 86_400

// #region saga
/** With tries of its own a step fails for good or not at all: only then may what was done be undone. */
const tries = { retry: { maxRuns: 5, minSeconds: 1, maxSeconds: 60 } }

export const orderPlace = defineCommand(
  // Canceled while it waits for the desk, it is run once more: the wait throws, and what was reserved is released.
  { name: 'order.place', input: Order, output: z.object({ parcel: z.string() }), runsOnCancel: true },
  async (ctx, order) => {
    const reservation = await ctx.step('reserve', () => shop.reserve(order.orderId), tries)
    try {
      if (order.cents >= approvalFromCents) await waitForApproval(ctx)
      const charge = await ctx.step('charge', () => shop.charge(order.orderId, order.cents), tries)
      try {
        const parcel = await ctx.step('ship', () => ship(order), tries)
        return { parcel: parcel.reference }
      } catch (error) {
        await ctx.step('refund', () => shop.refund(charge.reference), tries)
        throw error
      }
    } catch (error) {
      await ctx.step('release', () => shop.release(reservation.reference), tries)
      throw error
    }
  },
)

/** Holds no container, for days if need be: the desk sends the signal `decision`. */
async function waitForApproval(ctx: CommandContext): Promise<void> {
  const { approved, by } = await ctx.waitForSignal('approval', 'decision', {
    schema: Approval,
    timeoutSeconds: approvalSeconds,
  })
  if (!approved) throw new TaskFailure(`${by} did not approve the order`, { code: 'not-approved', retryable: false })
}
// #endregion

function ship({ orderId, items }: z.infer<typeof Order>) {
  // For good: no other try would ship it, so that it is remembered and what was done is undone once.
  if (items.includes('anvil')) {
    throw new TaskFailure('no carrier takes an anvil', { code: 'too-heavy', retryable: false })
  }
  return shop.ship(orderId)
}
