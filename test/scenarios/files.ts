import { existsSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { setTimeout as pause } from 'node:timers/promises'
import { expect } from 'vitest'
import { limits } from '#core/contract/limits'
import { until } from '../support/until.ts'
import type { Scenario } from './scenario.ts'

/** Files that come with a task, files that its run makes, and JSON that is too large to travel inline. */

const workers = ['carrier']
const timeoutSeconds = 40
const lookEveryMs = 500

export const files: readonly Scenario[] = [
  {
    name: 'files go in and come out, whatever their bytes and names',
    workers,
    play: async ({ client }) => {
      const bytes = Buffer.alloc(3_000_001, 'pq\0\n\xff')
      const payload = await client.upload(bytes, { contentType: 'video/mp4' })
      const empty = await client.upload(new Uint8Array())
      const given = [
        { name: 'Überblick 1.mp4', payload: payload.id },
        { name: 'nothing.csv', payload: empty.id },
      ]
      const { id } = await client.submit('carrier.copy', undefined, { files: given })
      const ended = await client.wait(id, { timeoutSeconds })
      expect(ended.error).toBeUndefined()
      expect(ended.result?.output).toMatchObject([{ isSame: true }, { isSame: true }])
      expect(ended.result?.files).toMatchObject([
        // Guessed from the extension, by the run.
        { name: 'copy of Überblick 1.mp4', size: bytes.byteLength, contentType: 'video/mp4', public: true },
        { name: 'copy of nothing.csv', size: 0, contentType: 'text/csv' },
      ])
      const got = await client.download(id, 'copy of Überblick 1.mp4')
      const chunks: Buffer[] = []
      for await (const chunk of got.stream) chunks.push(chunk)
      expect(Buffer.concat(chunks).equals(bytes)).toBe(true)
      expect(got).toMatchObject({ size: bytes.byteLength, sha256: payload.sha256, contentType: 'video/mp4' })
      // The run's own folder is gone with it.
      const paths = JSON.stringify(ended.result?.output).match(/(?<="path":")[^"]+/g) ?? []
      expect(paths.map((path) => existsSync(path))).toEqual([false, false])
    },
  },
  {
    name: 'a file that is put again replaces the one of its name',
    workers,
    play: async ({ client }) => {
      const { id } = await client.submit('carrier.write', { text: '{"is":"new"}' })
      const { result, error } = await client.wait(id, { timeoutSeconds })
      expect(error).toBeUndefined()
      expect(result?.files).toMatchObject([{ name: 'out.json', contentType: 'application/json' }])
      expect(await text((await client.download(id, 'out.json')).stream)).toBe('{"is":"new"}')
    },
  },
  {
    name: 'arguments and outputs of megabytes are no matter for caller and handler',
    workers,
    play: async ({ client }) => {
      const long = 'ä'.repeat(limits.argumentsBytes * 2)
      const task = await client.submit('carrier.length', { text: long })
      expect(task.arguments).toEqual({ text: long })
      expect((await client.wait(task, { timeoutSeconds })).result?.output).toBe(long.length)
      expect((await client.get(task.id)).arguments).toEqual({ text: long })

      const [small = '', large = ''] = await client.submitBatch([
        { command: 'carrier.length', arguments: { text: 'four' } },
        { command: 'carrier.length', arguments: { text: long } },
      ])
      expect((await client.wait(small, { timeoutSeconds })).result?.output).toBe(4)
      expect((await client.wait(large, { timeoutSeconds })).result?.output).toBe(long.length)

      const { id } = await client.submit('carrier.repeat', { times: limits.outputBytes })
      const ended = await client.wait(id, { timeoutSeconds })
      expect(ended.result).toEqual({ output: { text: 'ü'.repeat(limits.outputBytes) } })
    },
  },
  {
    name: 'large arguments that do not fit are refused like small ones, and so are much too large ones',
    workers,
    play: async ({ client }) => {
      const wrong = { text: 7, filler: 'x'.repeat(limits.argumentsBytes) }
      await expect(client.submit('carrier.length', wrong)).rejects.toMatchObject({ code: 'invalid-arguments' })
      const most = { text: 'x'.repeat(limits.apartBytes) }
      await expect(client.submit('carrier.length', most)).rejects.toThrow(/apartBytes.*as a file/)
    },
  },
  {
    name: 'the bytes go with the task',
    workers,
    play: async ({ client }) => {
      const { id: payload } = await client.upload(Buffer.from('short-lived'))
      const { id } = await client.submit('carrier.first', undefined, { files: [{ name: 'there.txt', payload }] })
      expect((await client.wait(id, { timeoutSeconds })).result?.output).toBe('short-lived')
      await client.remove(id)
      await expect(client.download(id, 'there.txt')).rejects.toMatchObject({ code: 'not-found' })
      await until(
        'the payload to go',
        async () => {
          const config = { files: [{ name: 'there.txt', payload }], startAfter: { seconds: 3_600 } }
          const asked = await client.submit('carrier.first', undefined, config).catch((error: Error) => error)
          if (asked instanceof Error) return asked.message.includes('there is no payload')
          // This one holds it now, so it has to go too.
          await client.cancel(asked.id)
          await client.remove(asked.id)
          await pause(lookEveryMs)
          return false
        },
        60_000,
      )
    },
  },
  {
    name: 'a run that asks for a file which is not there is told which there are',
    workers,
    play: async ({ client }) => {
      const { id: payload } = await client.upload(Buffer.from('x'))
      const { id } = await client.submit('carrier.first', undefined, { files: [{ name: 'here.txt', payload }] })
      const { status, error } = await client.wait(id, { timeoutSeconds })
      expect([status, error?.code, error?.message]).toEqual([
        'failed',
        'no-such-file',
        expect.stringContaining('here.txt'),
      ])
    },
  },
  {
    name: 'a handler can neither put nor get a file outside of its place',
    workers,
    play: async ({ client }) => {
      const { id } = await client.submit('carrier.tricks', { name: '../../outside.txt' })
      const { result } = await client.wait(id, { timeoutSeconds })
      expect(result?.output).toEqual([expect.stringContaining('no /'), expect.stringContaining('has no input file')])
      expect(result?.files).toBeUndefined()
    },
  },
  {
    name: 'the folder of a run that is canceled goes too',
    workers,
    play: async ({ client }) => {
      const { id: payload } = await client.upload(Buffer.from('x'))
      const { id } = await client.submit('carrier.wait', undefined, { files: [{ name: 'there.txt', payload }] })
      const path = await until('its file', async () => (await client.get(id)).progress?.message)
      expect(existsSync(path)).toBe(true)
      await client.cancel(id)
      expect(await client.wait(id, { timeoutSeconds })).toMatchObject({ status: 'canceled' })
      expect(existsSync(path)).toBe(false)
    },
  },
]
