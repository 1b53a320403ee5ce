/** The worker `media`. Importing it does nothing but define it; ffmpeg is looked for by the first task. */
import { defineCommand, defineWorker, TaskFailure } from 'taskurai/worker'
import { videoPrepare } from './contracts.ts'
import { RENDITION, THUMBNAIL, VIDEO } from './file-names.ts'

const prepare = defineCommand(videoPrepare, async (ctx, { widthMost }) => {
  const { BadVideo, prepareVideo } = await import('./prepare-video.ts')
  const { path, size } = await ctx.files.get(VIDEO)
  ctx.log.info('video.preparing', { bytes: size, widthMost })
  ctx.progress(2, 'downloaded')
  const watch = { signal: ctx.signal, stage: ctx.progress }
  const { video, thumbnail, rendition } = await prepareVideo({ path, widthMost, watch }).catch((error: unknown) => {
    if (!(error instanceof BadVideo)) throw error
    throw new TaskFailure(error.message, { code: 'bad-video', retryable: false, cause: error })
  })
  // A thumbnail may be shown to whoever may watch the task.
  const shown = await ctx.files.put(THUMBNAIL, thumbnail.path, { public: true })
  const played = await ctx.files.put(RENDITION, rendition.path)
  ctx.progress(100, 'uploaded')
  ctx.log.info('video.prepared', { bytes: played.size, ...rendition.facts })
  return {
    video,
    thumbnail: { file: shown.name, bytes: shown.size },
    rendition: { file: played.name, bytes: played.size, ...rendition.facts },
  }
})

export default defineWorker({
  name: 'media',
  commands: [prepare],
  // One at a time: ffmpeg takes all cores for a single video.
  concurrency: 1,
  scaling: { min: 0, max: 2, tasksPerInstance: 2 },
  // Short, so that a visitor sees the instances leave again.
  idleSeconds: 5,
})
