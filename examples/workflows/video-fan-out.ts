/** A video in parts: as many as there are run at the same time, and the last one to end wakes the whole. */
import { defineCommand } from 'taskurai/worker'
import { z } from 'zod'

const Video = z.object({ video: z.string(), seconds: z.number().positive() })
const partSeconds = 60

export const videoPart = defineCommand(
  {
    name: 'video.part',
    input: z.object({ video: z.string(), from: z.number(), to: z.number() }),
    output: z.object({ file: z.string(), bytes: z.number() }),
    retry: { maxRuns: 3 },
  },
  async (_ctx, { video, from, to }) => ({ file: `${video}.${from}-${to}.mp4`, bytes: Math.round((to - from) * 1_000) }),
)

// #region fan
export const videoEncode = defineCommand({ name: 'video.encode', input: Video }, async (ctx, { video, seconds }) => {
  const starts = Array.from({ length: Math.ceil(seconds / partSeconds) }, (_, index) => index * partSeconds)
  const parts = await ctx.call(
    'parts',
    starts.map((from) => ({
      command: videoPart,
      arguments: { video, from, to: Math.min(seconds, from + partSeconds) },
      subject: `${video} from second ${from}`,
    })),
  )
  const joined = await ctx.step('join', () => ({
    file: `${video}.mp4`,
    bytes: parts.reduce((sum, { bytes }) => sum + bytes, 0),
  }))
  return { ...joined, parts: parts.length }
})
// #endregion
