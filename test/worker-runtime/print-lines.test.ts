import { Writable } from 'node:stream'
import { expect, it } from 'vitest'
import { limits } from '#core/contract/limits'
import { createPrinter } from '#worker-runtime/print-lines'

/** A pipe whose reader takes nothing until it is woken. */
function sleepingReader() {
  const read: string[] = []
  let wake: (() => void) | undefined
  let isAwake = false
  const stream = new Writable({
    decodeStrings: false,
    write: (line: string, _encoding, done) => {
      read.push(line)
      if (isAwake) done()
      else wake = done
    },
  })
  return {
    stream,
    read,
    wake: async () => {
      isAwake = true
      const drained = new Promise((resolve) => stream.once('drain', resolve))
      wake?.()
      await drained
    },
  }
}

it('what nobody reads is held up to a limit and counted beyond it, and the count is told when there is room', async () => {
  const { stream, read, wake } = sleepingReader()
  const { print } = createPrinter(stream, (lines) => void stream.write(`${lines} lost\n`))
  const line = `${'x'.repeat(999)}\n`
  const asked = Math.ceil((3 * limits.logPendingBytes) / line.length)
  for (let n = 0; n < asked; n++) print(line)
  expect(stream.writableLength).toBeLessThanOrEqual(limits.logPendingBytes + 2 * line.length)
  await wake()
  print('after\n')
  const whole = read.filter((each) => each === line).length
  expect(read.slice(whole)).toEqual([`${asked - whole} lost\n`, 'after\n'])
  expect(whole * line.length).toBeGreaterThan(limits.logPendingBytes - line.length)
})
