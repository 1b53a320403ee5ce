import { describe, expect, it } from 'vitest'
import { limits } from '#core/contract/limits'
import { TaskOutline } from '#core/contract/live'
import type { Task } from '#core/contract/task'
import { taskMessage, versionText } from '#core/live/message'
import { outlineOf } from '#core/live/outline'
import { toTask } from '#core/wire'
import { aFullHead } from '../../support/full-head.ts'
import { aHead } from '../../support/heads.ts'

const version = { born: 'b1', n: 7 }
const bytesOf = (text: string) => Buffer.byteLength(text)

function full(changes: Partial<Task> = {}): Task {
  const head = aFullHead()
  return { ...toTask(head, { arguments: head.arguments, result: head.result, error: head.error }), ...changes }
}

describe('a message', () => {
  it('has the task and a version that orders as text, within a life and over several', () => {
    expect(JSON.parse(taskMessage(full(), version))).toEqual({
      type: 'task',
      task: JSON.parse(JSON.stringify(full())),
      version: 'b1.0000000007',
    })
    const rising = [
      { born: 'b1', n: 9 },
      { born: 'b1', n: 10 },
      { born: 'b2', n: 1 },
    ].map(versionText)
    expect([...rising].sort()).toEqual(rising)
  })

  it('leaves out what is too large and names it, the output first and then the arguments', () => {
    const large = 'x'.repeat(40_000)
    const once = JSON.parse(taskMessage(full({ result: { output: large, messages: [] } }), version))
    expect(once.omitted).toEqual(['/result/output'])
    expect(once.task.result).toEqual({ messages: [] })
    expect(once.task.arguments).toBeDefined()
    const twice = JSON.parse(taskMessage(full({ result: { output: large }, arguments: large }), version))
    expect(twice.omitted).toEqual(['/result/output', '/arguments'])
    expect(twice.task).not.toHaveProperty('arguments')
  })

  it('counts bytes, not letters', () => {
    const text = taskMessage(full({ result: { output: '🦊'.repeat(10_000) } }), version)
    expect(JSON.parse(text).omitted).toEqual(['/result/output'])
  })

  it('fits whatever a task may be', () => {
    const worst = (chars: number) => '\u0001'.repeat(chars)
    const message = { message: worst(limits.messageChars) }
    const tags = Object.fromEntries(
      Array.from({ length: limits.tags }, (_, n) => [worst(60) + n, worst(limits.tagValueChars)]),
    )
    const task = full({
      subject: worst(limits.subjectChars),
      description: worst(limits.descriptionChars),
      tags,
      result: { output: worst(250_000), messages: Array.from({ length: limits.messages }, () => message) },
      error: {
        code: 'x',
        ...message,
        retryable: true,
        details: Array.from({ length: limits.errorDetails }, () => message),
      },
      history: Array.from({ length: limits.historyEntries }, () => ({
        at: '2026-01-01T00:00:00Z',
        move: 'x',
        why: worst(limits.reasonChars),
      })),
    })
    const text = taskMessage(task, version)
    expect(bytesOf(text)).toBeLessThanOrEqual(limits.watchMessageBytes)
    expect(JSON.parse(text).task).toMatchObject({ id: task.id, status: task.status, error: { code: 'x' } })
  })
})

describe('the outline', () => {
  it('has nothing of arguments, history, who did it, and the details of an error', () => {
    const error = { code: 'broken', message: 'it broke', retryable: false, details: [{ message: 'at line 7 of x' }] }
    const outline = outlineOf(full({ error }))
    for (const field of [
      'arguments',
      'history',
      'createdBy',
      'modifiedBy',
      'worker',
      'retry',
      'traceParent',
      'files',
    ]) {
      expect(outline).not.toHaveProperty(field)
    }
    expect(outline.error).toEqual({ code: 'broken', message: 'it broke', retryable: false })
    expect(outline).toMatchObject({ status: 'failed', progress: { percent: 12.5 }, subject: 'Bestätigung 8472 🦊' })
    const { rootId: _, ...rest } = outline
    expect(TaskOutline.parse(rest)).toEqual(rest)
  })

  it('of a plain task has no empty fields', () => {
    expect(Object.values(outlineOf(toTask(aHead(), {}))).includes(undefined)).toBe(false)
  })
})
