/** Contracts of the worker `parcels`, for those who ask and those who do. */
import { defineCommand } from 'taskurai/worker'
import { z } from 'zod'

// #region contract
const parcel = z.object({
  orderId: z.string().min(1),
  weightGrams: z.int().min(1).max(31_500),
  express: z.boolean().default(false),
})

export const parcelBook = defineCommand({
  name: 'parcel.book',
  version: 1,
  input: parcel,
  output: z.object({ label: z.string(), pickUpOn: z.iso.date() }),
  retry: { maxRuns: 5, minSeconds: 10, maxSeconds: 600 },
  timeoutSeconds: 60,
})
// #endregion

// #region version
/** Dimensions are a must from version 2 on. Version 1 stays as long as somebody asks for it. */
export const parcelBook2 = defineCommand({
  ...parcelBook,
  version: 2,
  input: parcel.extend({ longestSideMm: z.int().min(1).max(2_000) }),
})
// #endregion

// #region json-schema
/** JSON Schema as data does as well: what comes from another language, or from a file. Its types are unknown. */
export const parcelTrack = defineCommand({
  name: 'parcel.track',
  input: {
    type: 'object',
    properties: { label: { type: 'string' } },
    required: ['label'],
    additionalProperties: false,
  },
})
// #endregion
