import { access, chmod, copyFile, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { NewTask } from '#core/contract/new-task'
import { commandOf, testCommand } from '#testing/index'
import { videoPrepare } from '../../examples/media/contracts.ts'
import { outTimeOf, runFfmpeg } from '../../examples/media/ffmpeg.ts'
import { inputArgs, probeArgs, videoFactsOf } from '../../examples/media/ffmpeg-args.ts'
import { ffmpegPath } from '../../examples/media/ffmpeg-path.ts'
import { createListener } from '../../examples/media/ffmpeg-words.ts'
import { prepareVideo } from '../../examples/media/prepare-video.ts'
import { sampleVideoPath } from '../../examples/media/sample-video.ts'
import { exampleTasks } from '../../examples/media/tasks.ts'
import worker from '../../examples/media/worker.ts'

const prepare = commandOf(worker, videoPrepare)
const never = new AbortController().signal

let folder: string
let video: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'media-'))
  video = join(folder, 'video')
})

afterEach(async () => {
  delete process.env.FFMPEG_PATH
  await rm(folder, { recursive: true, force: true })
})

/** Makes the input file with ffmpeg itself, for videos that nobody ships. */
const made = async (...args: readonly string[]) => {
  const outcome = await runFfmpeg({ args: ['-v', 'error', ...args, `file:${video}`], folder, signal: never })
  expect(outcome.kind).toBe('done')
}

/** A program in ffmpeg's place. */
const instead = async (script: string) => {
  const path = join(folder, 'ffmpeg')
  await writeFile(path, `#!/bin/sh\n${script}\n`)
  await chmod(path, 0o755)
  process.env.FFMPEG_PATH = path
}

const factsOf = async (path: string) => {
  const outcome = await runFfmpeg({ args: probeArgs(path), folder, signal: never })
  return outcome.kind === 'done' ? videoFactsOf(outcome.said) : undefined
}

describe('video.prepare', () => {
  it('makes a thumbnail and a smaller rendition of a real film, with its progress on the way', async () => {
    const run = await testCommand(prepare, { widthMost: 200 }, { files: { video: sampleVideoPath() } })
    expect(run.error).toBeUndefined()
    expect(run.output).toMatchObject({ video: { seconds: 10.12, width: 400, height: 170 } })
    const { 'thumbnail.jpg': thumbnail, 'rendition.mp4': rendition } = run.files
    expect(thumbnail).toMatchObject({ contentType: 'image/jpeg', public: true })
    expect(Buffer.from(thumbnail?.bytes.subarray(0, 3) ?? []).toString('hex')).toBe('ffd8ff')
    // The film begins black, and a black picture of this size has some 1,000 bytes.
    expect(thumbnail?.size).toBeGreaterThan(5_000)
    expect(rendition).toMatchObject({ contentType: 'video/mp4' })
    expect(rendition?.public).toBeUndefined()
    expect(rendition?.size).toBeLessThan((await stat(sampleVideoPath())).size)
    await writeFile(join(folder, 'got.mp4'), rendition?.bytes ?? '')
    const facts = await factsOf('got.mp4')
    expect(facts).toMatchObject({ width: 200, height: 86 })
    expect(Math.abs((facts?.seconds ?? 0) - 10.12)).toBeLessThan(0.3)
    const percents = run.progress.map(({ percent }) => percent)
    expect(percents).toEqual([...percents].sort((a, b) => a - b))
    expect(percents.slice(0, 3)).toEqual([2, 4, 10])
    expect(percents.at(-1)).toBe(100)
    expect(run.progress.map(({ message }) => message)).toContainEqual(
      expect.stringMatching(/^rendition: \d+\.\d s done$/),
    )
  })

  it('never makes a video larger, and takes one without sound and with an odd width', async () => {
    await made('-f', 'lavfi', '-i', 'testsrc2=size=101x77:rate=10:duration=2', '-c:v', 'mpeg4', '-f', 'matroska')
    const run = await testCommand(prepare, {}, { files: { video } })
    expect(run.error).toBeUndefined()
    await writeFile(join(folder, 'got.mp4'), run.files['rendition.mp4']?.bytes ?? '')
    expect(await factsOf('got.mp4')).toMatchObject({ width: 100 })
  })

  it('takes a recording that does not say how long it is', async () => {
    await made('-f', 'lavfi', '-i', 'testsrc2=size=64x64:rate=10:duration=1', '-f', 'matroska', '-live', '1')
    const { video: facts, rendition } = await prepareVideo({
      path: video,
      widthMost: 32,
      watch: { signal: never, stage: () => undefined },
    })
    expect(facts.width).toBe(64)
    expect(facts.seconds).toBeUndefined()
    expect(rendition.facts).toMatchObject({ width: 32, seconds: 1 })
  })

  it.each([
    ['no video', 'this is a letter, not a film\n', 'Invalid data found when processing input'],
    ['nothing', '', 'Invalid data found when processing input'],
    // What would make ffmpeg open other files and addresses.
    ['a playlist', '#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n/etc/hostname\n#EXT-X-ENDLIST\n', 'whitelist'],
    ['a script that names other files', "ffconcat version 1.0\nfile '/etc/hostname'\n", 'whitelist'],
  ])('fails at once with the last words of ffmpeg when the file is %s', async (_, text, words) => {
    await writeFile(video, text)
    const run = await testCommand(prepare, {}, { files: { video } })
    expect(run).toMatchObject({
      status: 'failed',
      error: { code: 'bad-video', retryable: false },
      runs: [{ number: 1 }],
    })
    expect(run.error?.message).toContain(words)
    expect(run.error?.message).not.toContain(tmpdir())
    expect(run.files).toEqual({})
  })

  it('fails when the file is a song, even one with a cover', async () => {
    await made('-f', 'lavfi', '-i', 'sine=duration=1', '-c:a', 'aac', '-f', 'mp4')
    const run = await testCommand(prepare, {}, { files: { video } })
    expect(run.error).toMatchObject({ code: 'bad-video', retryable: false })
    expect(run.error?.message).toContain('matches no streams')
  })

  it('fails when the video breaks off in the middle', async () => {
    await made(
      '-f',
      'lavfi',
      '-i',
      'testsrc2=size=320x180:duration=4',
      '-c:v',
      'libx264',
      '-movflags',
      '+faststart',
      '-f',
      'mp4',
    )
    const bytes = await readFile(video)
    await writeFile(video, bytes.subarray(0, bytes.length / 2))
    const run = await testCommand(prepare, {}, { files: { video } })
    expect(run.error).toMatchObject({ code: 'bad-video', retryable: false })
    expect(run.error?.message).toMatch(/breaks off after [12](\.\d+)? of 4 s/)
  })

  it('fails with a clear word when the task brings no file', async () => {
    const run = await testCommand(prepare, {})
    expect(run.error).toMatchObject({ code: 'no-such-file', retryable: false })
  })

  it('refuses widths that are none', async () => {
    for (const widthMost of [0, -2, 15, 320.5, 1_921]) {
      expect(videoPrepare.input?.safeParse({ widthMost }).success).toBe(false)
    }
  })

  it('is stopped in the middle by a cancel, and leaves no result', async () => {
    await copyFile(sampleVideoPath(), video)
    const run = await testCommand(
      prepare,
      {},
      {
        files: { video },
        onProgress: ({ percent }, { cancel }) => percent === 10 && cancel('wrong film'),
      },
    )
    expect(run.status).toBe('canceled')
    expect(run.files).toEqual({})
  })

  it('begins again after its instance died in the middle', async () => {
    const run = await testCommand(
      prepare,
      { widthMost: 64 },
      {
        files: { video: sampleVideoPath() },
        onProgress: ({ run, percent }, { crash }) => run === 1 && percent === 10 && crash(),
      },
    )
    expect(run.runs.map(({ outcome }) => outcome)).toEqual(['crashed', 'succeeded'])
    expect(Object.keys(run.files).sort()).toEqual(['rendition.mp4', 'thumbnail.jpg'])
  })

  it.each([
    [
      'the disk is full',
      "echo 'av_interleaved_write_frame(): No space left on device' >&2; exit 1",
      'No space left on device',
    ],
    ['ffmpeg is ended from outside', 'kill -9 $$', 'ffmpeg was ended by SIGKILL'],
  ])('is tried again when %s', async (_, script, words) => {
    await instead(script)
    const run = await testCommand(prepare, {}, { files: { video: sampleVideoPath() } })
    expect(run.runs.map(({ outcome }) => outcome)).toEqual(['failed', 'failed', 'failed'])
    expect(run.error?.message).toContain(words)
  })
})

describe('ffmpeg', () => {
  it('is gone when its run was aborted', async () => {
    await instead('echo $$ > pid; echo out_time=00:00:01.500000; exec sleep 600')
    const controller = new AbortController()
    const running = runFfmpeg({
      args: [],
      folder,
      signal: controller.signal,
      onSeconds: (seconds) => controller.abort(new Error(`stopped at ${seconds}`)),
    })
    await expect(running).rejects.toThrow('stopped at 1.5')
    const pid = Number(await readFile(join(folder, 'pid'), 'utf8'))
    expect(() => process.kill(pid, 0)).toThrow('ESRCH')
  })

  it('is not even started when the run was aborted before', async () => {
    await instead('touch started')
    await expect(runFfmpeg({ args: [], folder, signal: AbortSignal.abort(new Error('too late')) })).rejects.toThrow(
      'too late',
    )
    await expect(access(join(folder, 'started'))).rejects.toThrow('ENOENT')
  })

  it('leaves nothing behind on this process, whatever became of it', async () => {
    const before = process.listenerCount('exit')
    await runFfmpeg({ args: ['-v', 'error', ...inputArgs('nowhere'), '-f', 'null', '-'], folder, signal: never })
    process.env.FFMPEG_PATH = join(folder, 'not-there')
    await expect(runFfmpeg({ args: [], folder, signal: never })).rejects.toThrow('ENOENT')
    expect(process.listenerCount('exit')).toBe(before)
  })

  it('is the one that FFMPEG_PATH names, else the one in the package', () => {
    expect(ffmpegPath({ FFMPEG_PATH: '/usr/bin/ffmpeg' })).toBe('/usr/bin/ffmpeg')
    expect(ffmpegPath({})).toContain('ffmpeg-installer')
  })

  it('tells its progress in lines of which some say nothing yet', () => {
    expect(outTimeOf('out_time=00:01:02.500000')).toBe(62.5)
    expect(outTimeOf('out_time=10:00:00.000000')).toBe(36_000)
    for (const line of ['out_time=N/A', 'out_time=-00:00:00.02', 'out_time_ms=1', 'progress=end', '']) {
      expect(outTimeOf(line)).toBeUndefined()
    }
  })

  it('is kept to its last words, however much it says', () => {
    const listener = createListener()
    listener.hear('Input #0, mov\n')
    for (let frame = 0; frame < 20_000; frame += 1) listener.hear(`[h264 @ 0x38b69b80] error in frame ${frame}\r\n`)
    for (let twice = 0; twice < 9; twice += 1) listener.hear('video: Invalid data\n')
    expect(listener.lastWords()).toBe('[h264] error in frame 19998 · [h264] error in frame 19999 · video: Invalid data')
    expect(listener.said()).toMatch(/^Input #0, mov\n/)
    expect(listener.said().length).toBeLessThan(40_000)
  })
})

describe('the tasks of the example', () => {
  it('name one upload and are fit for the hub', () => {
    const tasks = exampleTasks('01JZ0000000000000000000000')
    expect(tasks.map(({ externalId }) => externalId)).toEqual(['sintel-320', 'sintel-240', 'sintel-160'])
    for (const task of tasks) expect(NewTask.safeParse(task).error).toBeUndefined()
  })
})
