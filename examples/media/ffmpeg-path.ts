/** Which ffmpeg: the one that `FFMPEG_PATH` names, else the one inside an npm package, which only development has. */
import { createRequire } from 'node:module'
import { z } from 'zod'

const packaged = z.object({ path: z.string() })

export const ffmpegPath = (env: NodeJS.ProcessEnv = process.env): string => {
  if (env.FFMPEG_PATH) return env.FFMPEG_PATH
  try {
    return packaged.parse(createRequire(import.meta.url)('@ffmpeg-installer/ffmpeg')).path
  } catch (cause) {
    throw new Error('there is no ffmpeg: name one with FFMPEG_PATH', { cause })
  }
}
