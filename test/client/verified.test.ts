import { createHash } from 'node:crypto'
import { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { expect, it } from 'vitest'
import { verified } from '#client/verified'
import { until } from '../support/until.ts'

/** What a file does while it is read by somebody who may not read it to its end. */

const part = Buffer.alloc(1_000, 'a')
const size = 3 * part.byteLength
const sha256 = createHash('sha256').update(Buffer.alloc(size, 'a')).digest('hex')

function fileOfParts() {
  const asked: number[] = []
  let isGivenBack = false
  async function* first() {
    try {
      for (let sent = 0; sent < size; sent += part.byteLength) yield part
    } finally {
      isGivenBack = true
    }
  }
  const again = async (from: number) => {
    asked.push(from)
    return Readable.from([Buffer.alloc(size - from, 'a')])
  }
  const stream = Readable.from(verified({ size, sha256, first: first(), again }), { objectMode: false })
  return { stream, asked, isGivenBack: () => isGivenBack }
}

it('a reader that fails ends it: nothing is fetched anew for nobody', async () => {
  const { stream, asked, isGivenBack } = fileOfParts()
  const full = new Writable({ write: (_chunk, _encoding, done) => done(new Error('the disk is full')) })
  await expect(pipeline(stream, full)).rejects.toThrow('the disk is full')
  expect([asked, isGivenBack()]).toEqual([[], true])
})

it('a reader that leaves ends it as well', async () => {
  const { stream, asked, isGivenBack } = fileOfParts()
  for await (const _chunk of stream) break
  await until('it is given back', async () => isGivenBack())
  expect(asked).toEqual([])
})
