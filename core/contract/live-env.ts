import { z } from 'zod'

/** Of the parts of a hub that write to watchers, or tell where they connect. Empty: this hub has no live endpoint. */
export const liveUrl = z
  .union([z.literal(''), z.url({ protocol: /^wss?$/ })])
  .default('')
  .describe('the address at which watchers connect, as wss://…/live, or nothing')
