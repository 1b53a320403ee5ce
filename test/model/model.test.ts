import { describe, expect, it } from 'vitest'
import { explore } from './explore.ts'
import type { ModelMistakes } from './step.ts'

describe('the model of head and bells', () => {
  it('has no state without a guard, no second owner, and no state from which nothing ends', () => {
    const { states, edges, breach } = explore()
    expect(breach).toBeUndefined()
    process.stdout.write(`model: ${states} states, ${edges} steps\n`)
    expect(states).toBeGreaterThan(100_000)
  }, 240_000)

  it.each<[string, ModelMistakes, string]>([
    ['the head is written before the bell', { headBeforeBell: true }, 'neither bell nor due'],
    ['the bell is deleted before the renewal is written', { ackBeforeRenewal: true }, 'neither bell nor due'],
    ['a bell ahead of its head is deleted', { dropsAhead: true }, 'neither bell nor due'],
    ['the bell of a young run is deleted', { dropsUnrenewed: true }, 'neither bell nor due'],
    ['the renewal sets no due', { renewalDropsDue: true }, 'without due'],
    ['any run may renew', { anyRunRenews: true }, 'not the owner'],
    ['the echo of a hand-back deletes the bell', { echoDropsBell: true }, 'neither bell nor due'],
    ['a lease is judged before it is over', { judgesEarly: true }, 'while the owner has its lease'],
  ])('finds out that %s', (_, mistakes, breach) => {
    expect(explore(mistakes).breach?.at(-1)).toContain(breach)
  })
})
