// The worker's own tests, with Node's test runner: node --import tsx --test examples/media/worker.test.ts
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { commandOf, testCommand } from 'taskurai/testing'
import { videoPrepare } from './contracts.ts'
import { VIDEO } from './file-names.ts'
import { sampleVideoPath } from './sample-video.ts'
import worker from './worker.ts'

const prepare = commandOf(worker, videoPrepare)
const files = { [VIDEO]: sampleVideoPath() }

test('a video gets a thumbnail and a smaller rendition, and tells how far it is', async () => {
  const run = await testCommand(prepare, { widthMost: 160 }, { files })
  assert.equal(run.status, 'succeeded', run.error?.message)
  assert.deepEqual(Object.keys(run.files), ['thumbnail.jpg', 'rendition.mp4'])
  assert.equal(run.files['thumbnail.jpg']?.public, true)
  assert.equal(run.files['rendition.mp4']?.size, run.output?.rendition.bytes)
  assert.equal(run.progress.at(-1)?.percent, 100)
})

test('what is no video is not tried again', async () => {
  const run = await testCommand(prepare, {}, { files: { [VIDEO]: Buffer.from('no video at all') } })
  assert.equal(run.error?.code, 'bad-video')
  assert.equal(run.runs.length, 1)
})

test('a cancel in the middle ends ffmpeg, and leaves no files', async () => {
  const run = await testCommand(prepare, { widthMost: 320 }, { files, onProgress: (_report, { cancel }) => cancel() })
  assert.equal(run.status, 'canceled')
  assert.deepEqual(run.files, {})
})

test('an instance that dies while it renders is followed by another', async () => {
  const run = await testCommand(
    prepare,
    { widthMost: 160 },
    {
      files,
      onProgress: ({ run: number, percent }, { crash }) => number === 1 && percent > 10 && crash(),
    },
  )
  assert.deepEqual(
    run.runs.map(({ outcome }) => outcome),
    ['crashed', 'succeeded'],
  )
})
