/** The tasks that `npm start` submits: one upload, and a rendition of it in each of three widths. */
import type { NewTask } from 'taskurai/client'
import { VIDEO } from './file-names.ts'
import { sampleVideo } from './sample-video.ts'

const widths = [320, 240, 160] as const

export const exampleTasks = (payload: string): NewTask[] =>
  widths.map((widthMost) => ({
    command: 'video.prepare',
    arguments: { widthMost },
    files: [{ name: VIDEO, payload }],
    subject: `Prepare "${sampleVideo.title}", ${widthMost} pixels wide`,
    externalId: `sintel-${widthMost}`,
    tags: { film: sampleVideo.title },
  }))
