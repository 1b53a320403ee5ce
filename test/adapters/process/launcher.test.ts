import { describe, expect, it, vi } from 'vitest'
import { createProcessLauncher, type InstanceExit, type ProcessLauncherOptions } from '#adapters/process/launcher'

const waitFor = (isSo: () => boolean) => vi.waitFor(() => expect(isSo()).toBe(true), { timeout: 30_000, interval: 20 })

const createWorld = (options: Partial<ProcessLauncherOptions> = {}) => {
  const exits: InstanceExit[] = []
  const lines: string[] = []
  const launcher = createProcessLauncher({
    command: (spec) => [process.execPath, '-e', String(spec)],
    environment: () => ({ PATH: process.env.PATH, SECRET: 'k' }),
    onExit: (exit) => exits.push(exit),
    log: (line, { launch }) => lines.push(`${launch}: ${line}`),
    ...options,
  })
  const launch = (token: string, script: string, count = 1) =>
    launcher.launch({ worker: 'w', generation: 'g1', token, count, spec: script })
  return { launcher, exits, lines, launch, [Symbol.asyncDispose]: () => launcher.stopAll(0) }
}

describe.concurrent('the launcher of processes', { timeout: 60_000 }, () => {
  it('tells children who they are and tells their lines and their ends', async () => {
    await using world = createWorld()
    const script =
      'console.log(process.env.TASKURAI_LAUNCH, process.env.TASKURAI_GENERATION, process.env.SECRET); process.exit(5)'
    const outcome = await world.launch('t1', script, 2)
    expect(outcome).toEqual({ kind: 'launched', launches: ['t1-0', 't1-1'], refused: [] })
    await waitFor(() => world.exits.length === 2)
    expect(world.lines.toSorted()).toEqual(['t1-0: t1-0 g1 k', 't1-1: t1-1 g1 k'])
    expect(world.exits.find(({ launch }) => launch === 't1-0')).toMatchObject({
      worker: 'w',
      code: 5,
      signal: null,
      lastLines: ['t1-0 g1 k'],
    })
  })

  it('starts nothing twice for one token', async () => {
    await using world = createWorld()
    const script = 'setTimeout(() => {}, 60_000)'
    const [first, second] = await Promise.all([world.launch('t1', script), world.launch('t1', script)])
    expect(second).toEqual(first)
    expect(world.launcher.running()).toHaveLength(1)
  })

  it('refuses what cannot be started', async () => {
    await using world = createWorld({ command: () => ['/no/such/program'] })
    const outcome = await world.launch('t1', '')
    expect(outcome).toMatchObject({
      launches: [],
      refused: [{ reason: 'other', message: expect.stringContaining('ENOENT') }],
    })
    expect(world.exits).toEqual([])
  })

  it('bounds what a child prints and keeps the last of it', async () => {
    await using world = createWorld()
    await world.launch('t1', 'for (let n = 0; n < 5000; n++) console.log("line", n); console.log("x".repeat(100000))')
    await waitFor(() => world.exits.length === 1)
    expect(world.lines.length).toBeLessThan(1_500)
    expect(world.exits[0]?.lastLines).toHaveLength(20)
    expect(world.exits[0]?.lastLines.at(-1)).toHaveLength(2_000)
  })

  it('stops its children by SIGTERM, and by SIGKILL those that do not go', async () => {
    await using world = createWorld()
    await world.launch(
      't1',
      'process.on("SIGTERM", () => process.exit(0)); console.log("up"); setTimeout(() => {}, 60_000)',
    )
    await world.launch('t2', 'process.on("SIGTERM", () => {}); console.log("up"); setTimeout(() => {}, 60_000)')
    await waitFor(() => world.lines.length === 2)
    await world.launcher.stopAll(500)
    expect(world.exits).toMatchObject([
      { launch: 't1-0', code: 0, signal: null },
      { launch: 't2-0', code: null, signal: 'SIGKILL' },
    ])
    expect(await world.launch('t3', '')).toMatchObject({ launches: [], refused: [{ message: 'the hub is stopping' }] })
  })
})
