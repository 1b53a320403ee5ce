/** What `video.prepare` does, without the platform around it: from a video file to a thumbnail and a rendition. */
import { stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { type FfmpegOutcome, type FfmpegRun, runFfmpeg } from './ffmpeg.ts'
import { inputArgs, probeArgs, renditionArgs, thumbnailArgs, type VideoFacts, videoFactsOf } from './ffmpeg-args.ts'
import { RENDITION, THUMBNAIL } from './file-names.ts'

/** How a run of several stages is watched and stopped. */
export interface Watch {
  readonly signal: AbortSignal
  readonly stage: (percent: number, message: string) => void
}

export interface PreparedFile {
  readonly path: string
  readonly bytes: number
}

export interface Prepared {
  readonly video: VideoFacts
  readonly thumbnail: PreparedFile
  readonly rendition: PreparedFile & { readonly facts: VideoFacts }
}

/** The video itself is at fault: no other run will do better. */
export class BadVideo extends Error {
  override readonly name = 'BadVideo'
}

/** Where the stages lie on the way to 100 %. */
const stages = { looked: 4, thumbnail: 10, rendition: 95 } as const
/** A rendition that is shorter than this part of its video means that the video breaks off. */
const wholeShare = 0.9

export interface PrepareOptions {
  /** Beside it the two files are made. */
  readonly path: string
  readonly widthMost: number
  readonly watch: Watch
}

export const prepareVideo = async ({ path, widthMost, watch }: PrepareOptions): Promise<Prepared> => {
  const { signal, stage } = watch
  const folder = dirname(path)
  const name = basename(path)
  const run = (args: readonly string[], onSeconds: FfmpegRun['onSeconds'] = () => undefined) =>
    runFfmpeg({ args, folder, signal, onSeconds }).then(mustBeDone)

  const factsOf = async (file: string): Promise<VideoFacts> => {
    const facts = videoFactsOf((await run(probeArgs(file))).said)
    if (facts === undefined) throw new BadVideo('ffmpeg does not say how large the picture is')
    return facts
  }

  /**
   * Many films begin and end black, so the picture is looked for in the middle: first by a jump there, which finds
   * nothing where no key frame follows; then by reading up to there; then, where the file is shorter than it says, from
   * its beginning.
   */
  const thumbnailOf = async (file: string, { seconds = 0 }: VideoFacts): Promise<PreparedFile | undefined> => {
    const middle = seconds / 2
    const ways = [
      { from: middle, after: 0 },
      { from: 0, after: middle },
      { from: 0, after: 0 },
    ]
    for (const { from, after } of middle > 0 ? ways : ways.slice(-1)) {
      await run(thumbnailArgs(inputArgs(file, from), { after, to: THUMBNAIL }))
      const found = await preparedFile(join(folder, THUMBNAIL))
      if (found !== undefined) return found
    }
    return undefined
  }

  const video = await factsOf(name)
  stage(stages.looked, `${video.width} × ${video.height}${video.seconds === undefined ? '' : `, ${video.seconds} s`}`)

  const thumbnail = await thumbnailOf(name, video)
  if (thumbnail === undefined) throw new BadVideo('no picture in the video can be read')
  stage(stages.thumbnail, 'thumbnail made')

  await run(renditionArgs(inputArgs(name), { widthMost, to: RENDITION }), (done) => {
    const part = video.seconds === undefined || video.seconds === 0 ? 0.5 : Math.min(1, done / video.seconds)
    stage(
      Math.round(stages.thumbnail + part * (stages.rendition - stages.thumbnail)),
      `rendition: ${done.toFixed(1)} s done`,
    )
  })
  const rendition = await preparedFile(join(folder, RENDITION))
  if (rendition === undefined) throw new BadVideo('nothing in the video can be played')
  const made = await factsOf(RENDITION)
  if (video.seconds !== undefined && (made.seconds ?? 0) < video.seconds * wholeShare) {
    throw new BadVideo(`the video breaks off after ${made.seconds ?? 0} of ${video.seconds} s`)
  }
  return { video, thumbnail, rendition: { ...rendition, facts: made } }
}

const mustBeDone = (outcome: FfmpegOutcome) => {
  switch (outcome.kind) {
    case 'done':
      return outcome
    case 'refused':
      throw new BadVideo(outcome.lastWords)
    case 'disturbed':
      throw new Error(outcome.lastWords)
    default:
      return outcome satisfies never
  }
}

/** ffmpeg may be content and yet have made nothing. */
const preparedFile = async (path: string): Promise<PreparedFile | undefined> => {
  try {
    const { size } = await stat(path)
    return size === 0 ? undefined : { path, bytes: size }
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}
