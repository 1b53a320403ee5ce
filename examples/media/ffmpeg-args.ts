/** What ffmpeg is asked, and what its description of a video says. */
export interface VideoFacts {
  readonly seconds?: number
  readonly width: number
  readonly height: number
}

/**
 * Containers of video, and no playlists or scripts: those name other files and addresses, which a stranger's upload
 * must not make this machine open.
 */
const containers = 'mov,matroska,webm,mpegts,mpeg,avi,ogg,flv,asf'
/** A small file may claim a picture that fills the memory: 8K and no more. */
const pixelsMost = 7_680 * 4_320

/** Every input is read under the same guard. */
export const inputArgs = (name: string, fromSeconds = 0): readonly string[] => {
  const guard = ['-protocol_whitelist', 'file', '-format_whitelist', containers, '-max_pixels', String(pixelsMost)]
  const from = fromSeconds === 0 ? [] : ['-ss', fromSeconds.toFixed(3)]
  return [...guard, ...from, '-i', `file:${name}`]
}

/** `V`: a picture that moves, as opposed to the cover of a song. */
const picture = ['-map', '0:V:0']

/** Opens the file and reads one frame, so that what is no video is refused before any work. */
export const probeArgs = (name: string): readonly string[] => [
  ...['-v', 'info', ...inputArgs(name), ...picture],
  ...['-c', 'copy', '-frames:v', '1', '-f', 'null', '-'],
]

/** The picture is made small first, since the filter keeps its hundred frames in memory to take the most typical one. */
const thumbnailFilter = "scale=w='trunc(min(480,iw)/2)*2':h=-2,thumbnail=100"

interface Thumbnail {
  /** Frames before this second are read and left out; 0 for none. */
  readonly after: number
  readonly to: string
}

export const thumbnailArgs = (input: readonly string[], { after, to }: Thumbnail): readonly string[] => [
  ...['-v', 'error', ...input, ...picture],
  ...['-vf', after === 0 ? thumbnailFilter : `select='gte(t,${after.toFixed(3)})',${thumbnailFilter}`],
  ...['-frames:v', '1', '-q:v', '3', '-f', 'image2', '-update', '1', `file:${to}`],
]

interface Rendition {
  readonly widthMost: number
  readonly to: string
}

/** H.264 and AAC, with the index in front: what every browser plays while it loads. */
export const renditionArgs = (input: readonly string[], { widthMost, to }: Rendition): readonly string[] => [
  ...['-v', 'error', ...input, ...picture, '-map', '0:a:0?', '-sn', '-dn'],
  ...['-vf', `scale=w='trunc(min(${widthMost},iw)/2)*2':h=-2`, '-pix_fmt', 'yuv420p'],
  ...['-c:v', 'libx264', '-preset', 'slow', '-crf', '26'],
  ...['-c:a', 'aac', '-b:a', '96k', '-ac', '2', '-movflags', '+faststart', '-f', 'mp4', `file:${to}`],
]

const duration = /Duration: (\d+):(\d\d):(\d\d(?:\.\d+)?)/
const pictureSize = /Video: .*?, (\d{1,5})x(\d{1,5})(?=[ ,\n])/

/** Reads the words that ffmpeg describes its input with. */
export const videoFactsOf = (said: string): VideoFacts | undefined => {
  const [input = ''] = said.split('Output #0')
  const [, width, height] = pictureSize.exec(input) ?? []
  if (width === undefined || height === undefined) return undefined
  const [, hours, minutes, seconds] = duration.exec(input) ?? []
  const size = { width: Number(width), height: Number(height) }
  if (seconds === undefined) return size
  return { seconds: Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds), ...size }
}
