import { describe, expect, it } from 'vitest'
import { asDeployed } from '#worker-runtime/as-deployed'
import { defineCommand } from '#worker-runtime/command'
import { defineWorker, toManifest } from '#worker-runtime/worker'

const mill = defineWorker({
  name: 'mill',
  commands: [defineCommand({ name: 'mill.grind' }, async () => null)],
  concurrency: 4,
  recycle: { maxTasks: 50 },
})

describe('a worker as it was deployed', () => {
  it('is what its module says where the stack says nothing, or an empty variable', () => {
    expect(asDeployed(mill, {})).toBe(mill)
    expect(asDeployed(mill, { TASKURAI_CONCURRENCY: '', TASKURAI_TABLE: 'tasks' })).toBe(mill)
  })

  it('runs as many tasks at a time and lives as long as the stack says', () => {
    const deployed = asDeployed(mill, { TASKURAI_CONCURRENCY: '10', TASKURAI_RECYCLE: '{"maxMemoryMb":900}' })
    expect(deployed).toMatchObject({ concurrency: 10, recycle: { maxMemoryMb: 900 } })
    expect(toManifest(deployed)).toMatchObject({ name: 'mill', concurrency: 10, recycle: { maxMemoryMb: 900 } })
    expect(asDeployed(mill, { TASKURAI_CONCURRENCY: '10' }).recycle).toEqual({ maxTasks: 50 })
  })

  it('is its developer’s own where he names his key', () => {
    expect(asDeployed(mill, { TASKURAI_ISOLATION_KEY: 'ann' })).toMatchObject({ name: 'mill', isolationKey: 'ann' })
    expect(asDeployed(mill, { TASKURAI_ISOLATION_KEY: '' })).toBe(mill)
  })

  it.each([
    [{ TASKURAI_ISOLATION_KEY: 'ann~1' }, /TASKURAI_ISOLATION_KEY is "ann~1" \(it should be: lower-case letters/],
    [{ TASKURAI_CONCURRENCY: 'many' }, /TASKURAI_CONCURRENCY is "many" \(it should be: how many tasks/],
    [{ TASKURAI_CONCURRENCY: '0' }, /TASKURAI_CONCURRENCY is "0"/],
    [{ TASKURAI_RECYCLE: 'often' }, /TASKURAI_RECYCLE is "often" \(it should be: when an instance makes room/],
    [{ TASKURAI_RECYCLE: '{"maxTasks":0}' }, /TASKURAI_RECYCLE/],
    [{ TASKURAI_RECYCLE: '{"tasks":5}' }, /TASKURAI_RECYCLE/],
  ])('does not start on %j, and says why', (env, message) => {
    expect(() => asDeployed(mill, env)).toThrow(message)
  })
})
