/** The command as a contract without a handler, to be shared with whoever submits its tasks. */
import { defineCommand } from 'taskurai/worker'
import { z } from 'zod'

/** Without `seconds` where a file does not say how long it is, as recordings of a live stream do not. */
const facts = { width: z.int(), height: z.int(), seconds: z.number().optional() }

/** Makes a thumbnail and a smaller rendition of the input file `video`; both become files of the result. */
export const videoPrepare = defineCommand({
  name: 'video.prepare',
  version: 1,
  input: z.object({
    /** The rendition is as wide as this, or as the video where that is narrower. */
    widthMost: z.int().min(16).max(1920).default(640),
  }),
  output: z.object({
    video: z.object(facts),
    thumbnail: z.object({ file: z.string(), bytes: z.int() }),
    rendition: z.object({ file: z.string(), bytes: z.int(), ...facts }),
  }),
  retry: { maxRuns: 3, minSeconds: 5, maxSeconds: 60 },
  timeoutSeconds: 1_800,
})
