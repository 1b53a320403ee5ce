import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { NewTask } from '#core/contract/new-task'
import { commandOf, testCommand } from '#testing/index'
import { drawDelays } from '../../examples/reports/chart.ts'
import { reportDelays } from '../../examples/reports/contracts.ts'
import { createTally } from '../../examples/reports/delays.ts'
import { type Flights, flightsPath, readFlights } from '../../examples/reports/flights.ts'
import { text } from '../../examples/reports/svg.ts'
import { exampleTasks } from '../../examples/reports/tasks.ts'
import worker from '../../examples/reports/worker.ts'

const command = commandOf(worker, reportDelays)

type Flight = readonly [time: string, delay: number, origin: string, destination: string]

const flightsOf = (...flights: readonly Flight[]): Flights => ({
  count: flights.length,
  total: flights.length,
  minutes: flights.map(([time]) => Date.parse(`${time}:00Z`) / 60_000),
  delays: flights.map(([, delay]) => delay),
  origins: flights.map(([, , origin]) => origin),
  destinations: flights.map(([, , , destination]) => destination),
})

const someFlights = flightsOf(
  ['2001-03-31T23:59', 30, 'AAA', 'BBB'],
  ['2001-03-31T00:00', -5, 'AAA', 'CCC'],
  ['2001-04-02T08:30', 14, 'BBB', 'AAA'],
  ['2001-04-01T08:59', 15, 'BBB', 'CCC'],
  ['2001-04-01T08:00', Number.NaN, 'CCC', 'AAA'],
)

describe('the sums of delays', () => {
  it('are those worked out by hand, and leave out what did not fly', () => {
    const tally = createTally({ lateMinutes: 15 })
    tally.add(someFlights)
    expect(tally.delays()).toEqual({
      flights: 4,
      lateShare: 0.5,
      firstDay: '2001-03-31',
      lastDay: '2001-04-02',
      meanDelayMinutes: 13.5,
      hours: [
        { hour: 0, flights: 1, lateShare: 0 },
        { hour: 8, flights: 2, lateShare: 0.5 },
        { hour: 23, flights: 1, lateShare: 1 },
      ],
      airports: [
        { airport: 'AAA', flights: 2, lateShare: 0.5 },
        { airport: 'BBB', flights: 2, lateShare: 0.5 },
      ],
    })
  })

  it('are of one airport and its destinations where it was asked for', () => {
    const tally = createTally({ airport: 'AAA', lateMinutes: 31 })
    tally.add(someFlights)
    expect(tally.delays()).toMatchObject({
      flights: 2,
      lateShare: 0,
      airports: [{ airport: 'BBB' }, { airport: 'CCC' }],
    })
  })

  it('are none where nothing flew', () => {
    const tally = createTally({ airport: 'ZZZ', lateMinutes: 15 })
    tally.add(someFlights)
    expect(tally.delays()).toBeUndefined()
  })

  it('say nothing about airports and hours with next to no flights', () => {
    const tally = createTally({ lateMinutes: 15 })
    const usual: Flight = ['2001-04-01T12:00', 0, 'AAA', 'BBB']
    tally.add(flightsOf(...Array.from({ length: 1_999 }, () => usual), ['2001-04-01T03:00', 600, 'CCC', 'BBB']))
    expect(tally.delays()).toMatchObject({ flights: 2_000, hours: [{ hour: 12 }], airports: [{ airport: 'AAA' }] })
  })
})

describe('the chart', () => {
  const delays = (airport?: string) => {
    const tally = createTally({ airport, lateMinutes: 15 })
    tally.add(someFlights)
    const made = tally.delays()
    if (made === undefined) throw new Error('no delays')
    return made
  }

  it('says in words what it shows, with one bar for each hour and airport', () => {
    const chart = drawDelays(delays(), { lateMinutes: 15 })
    expect(chart).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" width="960" height="480"/)
    expect(chart).toContain(
      '4 flights from 2001-03-31 to 2001-04-02 · 50 % late by 15 minutes or more · 13.5 minutes on average',
    )
    expect(chart.match(/<rect /g)).toHaveLength(1 + 3 + 2)
    expect(chart).not.toMatch(/NaN|undefined|Infinity/)
  })

  it('is the same file for the same delays, also where no flight was late', () => {
    const question = { airport: 'AAA', lateMinutes: 600 }
    const onTime = { ...delays('AAA'), lateShare: 0, hours: [{ hour: 5, flights: 9, lateShare: 0 }] }
    expect(drawDelays(onTime, question)).toBe(drawDelays(onTime, question))
    expect(drawDelays(onTime, question)).not.toMatch(/NaN|undefined|Infinity/)
  })

  it('cannot be broken by words', () => {
    expect(text(1, 2, `<script>"&'`, { size: 10, fill: '#000' })).toContain('&lt;script&gt;&quot;&amp;&#39;</text>')
  })
})

describe('report.delays', () => {
  it('reads 3 million real flights, with its progress on the way, into small numbers and a chart', async () => {
    const run = await testCommand(command, {})
    expect(run.error).toBeUndefined()
    expect(run.output).toMatchObject({
      flights: 3_000_000,
      firstDay: '2001-01-01',
      lastDay: '2001-07-01',
      meanDelayMinutes: 6.67,
      chart: 'delays.svg',
    })
    expect(run.output?.worstAirports).toHaveLength(10)
    expect(run.output?.worstAirports[0]).toEqual({ airport: 'JFK', flights: 31_270, lateShare: 0.3059 })
    expect(JSON.stringify(run.output).length).toBeLessThan(1_000)
    const percents = run.progress.map(({ percent }) => percent)
    expect(percents).toEqual([...percents].sort((a, b) => a - b))
    expect(percents.length).toBeGreaterThan(8)
    expect(percents.at(-1)).toBe(100)
    const chart = run.files['delays.svg']
    expect(chart).toMatchObject({ contentType: 'image/svg+xml', public: true })
    expect(Buffer.from(chart?.bytes ?? []).toString('utf8')).toContain('3,000,000 flights')
  })

  it('counts fewer late flights the later late begins', async () => {
    const shares: number[] = []
    for (const lateMinutes of [5, 60]) {
      const run = await testCommand(command, { airport: 'JFK', lateMinutes })
      expect(run.output?.flights).toBe(31_270)
      shares.push(run.output?.lateShare ?? 0)
    }
    expect(shares[0]).toBeGreaterThan(shares[1] ?? 1)
  })

  it('fails at once where no flight leaves from there', async () => {
    const run = await testCommand(command, { airport: 'ZZZ' })
    expect(run.error).toMatchObject({ code: 'no-flights', message: 'No flight leaves from ZZZ', retryable: false })
    expect(run.runs).toHaveLength(1)
    expect(run.files).toEqual({})
  })

  it.each([{ airport: 'jfk' }, { airport: '../' }, { lateMinutes: 0 }, { lateMinutes: 1.5 }])('refuses %j', (input) => {
    expect(reportDelays.input?.safeParse(input).success).toBe(false)
  })

  it('is stopped in the middle by a cancel', async () => {
    const run = await testCommand(
      command,
      {},
      {
        onProgress: ({ percent }, { cancel }) => percent > 15 && cancel('not needed any more'),
      },
    )
    expect(run.status).toBe('canceled')
    expect(run.progress.at(-1)?.percent).toBeLessThan(40)
    expect(run.files).toEqual({})
  })

  it('begins again after its instance died in the middle, and comes to the same', async () => {
    const crashed = await testCommand(
      command,
      { airport: 'JFK' },
      {
        onProgress: ({ run, percent }, { crash }) => run === 1 && percent > 50 && crash(),
      },
    )
    const whole = await testCommand(command, { airport: 'JFK' })
    expect(crashed.runs.map(({ outcome }) => outcome)).toEqual(['crashed', 'succeeded'])
    expect(crashed.output).toEqual(whole.output)
    expect(crashed.files['delays.svg']?.sha256).toBe(whole.files['delays.svg']?.sha256)
  })
})

describe('the file of flights', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'reports-'))
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  it('comes in parts, each far smaller than the whole', async () => {
    for await (const { count, total, minutes, origins } of readFlights()) {
      expect(total).toBe(3_000_000)
      expect(count).toBeLessThan(300_000)
      expect([minutes.length, origins.length]).toEqual([count, count])
      break
    }
  })

  it('is refused where it is cut off, or is none', async () => {
    const whole = await readFile(flightsPath())
    for (const bytes of [whole.subarray(0, 5_000_000), Buffer.from('no flights'), Buffer.alloc(0)]) {
      const path = join(folder, 'flights.parquet')
      await writeFile(path, bytes)
      await expect(readFlights(path).next()).rejects.toThrow()
    }
    await expect(readFlights(join(folder, 'nowhere')).next()).rejects.toThrow('ENOENT')
  })
})

describe('the tasks of the example', () => {
  it('are fit for the hub', () => {
    expect(exampleTasks().map(({ externalId }) => externalId)).toEqual([
      'delays',
      'delays-ORD',
      'delays-ATL',
      'delays-JFK',
    ])
    for (const task of exampleTasks()) expect(NewTask.safeParse(task).error).toBeUndefined()
  })
})
