import { expect } from 'vitest'
import type { Client } from '#client/index'
import { limits } from '#core/contract/limits'
import { until } from '../support/until.ts'
import type { Scenario } from './scenario.ts'

/** What runs print, read by the API: also while they run, each line once. */

const workers = ['talkative']
const mebibyte = 1_048_576

export const logs: readonly Scenario[] = [
  {
    name: 'what a run logs and prints by the console is its log, line by line',
    workers,
    play: async ({ client }) => {
      const { id } = await client.submit('talkative.chatter')
      await client.wait(id, { timeoutSeconds: 20 })
      expect(await textsOf(client, id, 5)).toEqual([
        '1 info two\\nlines { n: 1 }',
        '1 error an error',
        '1 info from a timer',
        expect.stringMatching(/^1 info by\.the\.log command_?="its own field"$/),
        '1 info { deep: true }',
      ])
    },
  },
  {
    name: 'each run of a task has its own lines, and another task none of them',
    workers,
    play: async ({ client }) => {
      const [flaky, silent] = [await client.submit('talkative.flaky'), await client.submit('talkative.silent')]
      for (const { id } of [flaky, silent]) await client.wait(id, { timeoutSeconds: 20 })
      expect(await textsOf(client, flaky.id, 2)).toEqual([
        '1 warn about.to.fail why="it is the first run"',
        '2 info well now=true',
      ])
      expect((await client.logs(silent.id)).lines).toEqual([])
    },
  },
  {
    name: 'who follows a run gets each of its lines once, in order',
    workers,
    play: async ({ client }) => {
      const { id } = await client.submit('talkative.talk', { lines: 40, pauseMs: 25 })
      const texts: string[] = []
      let cursor: string | undefined
      await until(
        'the last line',
        async () => {
          const page = await client.logs(id, { cursor, limit: 7 })
          cursor = page.cursor ?? cursor
          texts.push(...page.lines.map(({ text }) => text))
          return texts.length >= 40
        },
        120_000,
      )
      expect(texts).toEqual(Array.from({ length: 40 }, (_, index) => `line.said n=${index + 1}`))
    },
  },
  {
    name: 'a run that floods its log keeps its lease and its memory, and says what was left out',
    workers,
    play: async ({ client }) => {
      const asked = 1_000_000
      const { id } = await client.submit('talkative.flood', { lines: asked }, { leaseSeconds: 3 })
      const ended = await client.wait(id, { timeoutSeconds: 60 })
      expect(ended).toMatchObject({ status: 'succeeded', runCount: 1 })
      const output = ended.result?.output as { readonly grownBytes: number } | undefined
      expect(output?.grownBytes).toBeLessThan(200 * mebibyte)
      const texts = await until(
        'the last line',
        async () => {
          const all: string[] = []
          for (let cursor: string | undefined; ; ) {
            const page = await client.logs(id, { cursor })
            cursor = page.cursor
            all.push(...page.lines.map(({ level, text }) => `${level} ${text}`))
            if (page.lines.length === 0) return all.at(-1)?.startsWith('warn log.dropped') === true && all
          }
        },
        60_000,
      )
      const [cut = '', still, dropped] = texts.slice(-3)
      expect(cut).toMatch(new RegExp(`^warn log\\.cut lines=${limits.runLogLines} `))
      expect(still).toBe(`error still.told n=${asked}`)
      expect(dropped).toBe(`warn log.dropped lines=${asked - limits.runLogLines}`)
    },
  },
]

/** The last lines of a run may come just behind its end. */
async function textsOf(client: Client, id: string, count: number): Promise<readonly string[]> {
  const seen = await until(
    `${count} lines of ${id}`,
    async () => {
      const { lines } = await client.logs(id)
      return lines.length >= count && lines
    },
    60_000,
  )
  return seen.map(({ level, run, text }) => `${run} ${level} ${text}`)
}
