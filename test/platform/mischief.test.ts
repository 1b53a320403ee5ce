import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Task } from '#core/contract/task'
import { movesOf } from '../scenarios/scenario.ts'
import { whyNoDynamo } from '../support/engines/dynamodb-local.ts'
import type { AwsCall } from '../support/platform/aws-proxy.ts'
import { type Platform, startPlatform } from '../support/platform/platform.ts'
import { until } from '../support/until.ts'

/**
 * A whole hub of an account while everything around it fails: calls are refused or their answers lost, the stream comes
 * late, doubled and old behind new, instances and functions are killed. Every accepted task ends once, with its result.
 */

const tasks = 40
const refused = 0.04
const lost = 0.03
const endMostMs = 120_000

/** The same chances at each run. */
function chances(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return state / 2 ** 32
  }
}

describe.skipIf(whyNoDynamo() !== undefined)('a hub in an account amid failures', () => {
  let platform: Platform
  beforeAll(async () => {
    const mischief = { redelivered: 0.3, lanes: 4, chance: chances(11) }
    platform = await startPlatform({ workers: ['basics'], mischief, tickEveryMs: 2_000 })
  }, 120_000)
  afterAll(() => platform?.[Symbol.asyncDispose](), 30_000)

  it('ends every task once, and loses none', { timeout: 240_000 }, async () => {
    const { client, proxy, containers, functions, mapping } = platform
    const chance = chances(7)
    proxy.mishap = () => {
      const drawn = chance()
      return drawn < refused ? 'before' : drawn < refused + lost ? 'after' : undefined
    }
    const ids: string[] = []
    const submitAll = async () => {
      for (let index = 0; index < tasks; index++) {
        const options = { leaseSeconds: 3, idempotencyKey: `mischief-${index}` }
        const flaky = index % 4 === 0
        const asked = flaky
          ? client.submit('basics.flaky', { failures: 1 }, options)
          : client.submit('basics.echo', { text: String(index) }, options)
        ids.push((await asked).id)
        await pause(50)
      }
    }
    const killing = (async () => {
      await until('an instance', () => containers.running().length > 0, 60_000)
      await pause(1_000)
      containers.running()[0]?.kill('SIGKILL')
      functions.reactor.kill()
      functions.api.kill()
      functions.clock.kill()
      await pause(1_500)
      functions.reactor.kill()
    })()
    await Promise.all([submitAll(), killing])
    const ended = new Map<string, Task>()
    await until(
      'the end of all',
      async () => {
        for (const id of ids) {
          if (ended.has(id)) continue
          const task = await client.get(id)
          if (task.stoppedAt !== undefined) ended.set(id, task)
        }
        return ended.size === tasks
      },
      endMostMs,
    ).catch(async (cause: unknown) => {
      proxy.mishap = undefined
      throw new Error(
        await stateOf(
          platform,
          ids.filter((id) => !ended.has(id)),
        ),
        { cause },
      )
    })
    proxy.mishap = undefined
    await mapping.settled()
    for (const [index, id] of ids.entries()) {
      const task = ended.get(id)
      expect(task?.status, `${id} ${JSON.stringify(task?.history)}`).toBe('succeeded')
      const output = task?.result?.output
      if (index % 4 === 0) expect(output).toMatchObject({ run: expect.any(Number) })
      else expect(output).toEqual({ text: String(index) })
      expect(movesOf(await client.get(id)).filter((move) => move === 'succeeded')).toHaveLength(1)
    }
    expect(new Set(ids).size).toBe(tasks)
    expect(mapping.counts.redeliveries).toBeGreaterThan(0)
    const listed: string[] = []
    for (const command of ['basics.echo', 'basics.flaky']) {
      for await (const task of client.listAll({ command })) listed.push(task.id)
    }
    expect(listed.sort()).toEqual([...ids].sort())
  })
})

/** What one has to know to see why tasks did not end. */
async function stateOf(platform: Platform, open: readonly string[]): Promise<string> {
  const { client, containers, ecs, mapping, proxy, output } = platform
  const parts = {
    open: open.length,
    one: await client.get(open[0] ?? ''),
    worker: await client.worker('basics'),
    containers: containers.running().length,
    launches: [...ecs.tasks.values()].map(({ startedBy, stop }) => ({ startedBy, stop })),
    mapping: mapping.counts,
    bell: storyOf(proxy.calls, open[0] ?? ''),
  }
  return `${JSON.stringify(parts, undefined, 1)}\n${output().slice(-6_000)}`
}

/** All that the queue was told of one task's bells. */
function storyOf(calls: readonly AwsCall[], taskId: string): readonly string[] {
  const receipts = new Set<string>()
  const story: string[] = []
  for (const { service, action, role, input, output, status } of calls) {
    const told = JSON.stringify(input)
    if (service !== 'sqs') {
      if (action === 'PutItem' && told.includes(`T#${taskId}`)) story.push(`${role} ${action} ${status}`)
      continue
    }
    const messages = (output.Messages ?? []) as readonly { readonly Body?: string; readonly ReceiptHandle?: string }[]
    for (const { Body = '', ReceiptHandle = '' } of messages) {
      if (!Body.includes(taskId)) continue
      receipts.add(ReceiptHandle)
      story.push(`${role} received it, hold ${String(input.VisibilityTimeout)} s`)
    }
    if (told.includes(taskId)) story.push(`${role} ${action} ${status} ${JSON.stringify(output).slice(0, 200)}`)
    for (const receipt of receipts) if (told.includes(receipt)) story.push(`${role} ${action} ${status} ${told}`)
  }
  return story
}
