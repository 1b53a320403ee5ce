import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { drawBars, type Out, type Snapshot, sayLines } from '../../examples/show-progress.ts'

const orders: Snapshot = {
  worker: 'orders',
  total: 240,
  ended: 12,
  failed: 1,
  instances: 1,
  starting: 1,
  running: Array.from({ length: 6 }, (_, index) => ({
    label: `Confirm order ${index} of a shop with quite a long name indeed`,
    percent: 40,
    message: 'layout: 1 page, and a message that is far longer than what a terminal has room for beside a bar',
  })),
}
const reports: Snapshot = {
  ...{ worker: 'reports', total: 4, ended: 1, failed: 0, instances: 1, starting: 0 },
  running: [{ label: 'Delays of all flights', percent: 50, message: '' }],
}

const output = (columns?: number) => {
  const stream = new PassThrough({ encoding: 'utf8' })
  const out: Out = Object.assign(stream, columns === undefined ? {} : { columns })
  return { out, written: (): string => stream.read() ?? '' }
}

describe('bars on a terminal', () => {
  it('stand side by side, each worker with a few of its running tasks, and never break at the edge', () => {
    for (const columns of [40, 80, 200]) {
      const { out, written } = output(columns)
      drawBars(out).show([orders, reports])
      const lines = written().split('\n').slice(0, -1)
      expect(lines).toHaveLength(1 + 4 + 1 + 1)
      expect(lines[0]).toMatch(/^orders {3}█░+ /)
      for (const line of lines) expect(line.length).toBeLessThan(columns)
    }
  })

  it('count what is under way as part of the way', () => {
    const { out, written } = output(100)
    drawBars(out).show([reports])
    // One of four is done and one is half done: three eighths of 24 cells.
    expect(written()).toContain(`reports  ${'█'.repeat(9)}${'░'.repeat(15)} 1/4 done   instances 1`)
  })

  it('are drawn over the last look, and words stay above them', () => {
    const { out, written } = output(100)
    const show = drawBars(out)
    show.show([reports])
    const bars = written()
    show.show([reports])
    expect(written()).toBe(`\u001b[2A\u001b[J${bars}`)
    show.say('3 renditions accepted')
    expect(written()).toBe(`\u001b[2A\u001b[J3 renditions accepted\n${bars}`)
  })
})

describe('lines elsewhere', () => {
  it('are said when something changed, and can be understood alone', () => {
    const { out, written } = output()
    const show = sayLines(out)
    show.show([orders, reports])
    show.show([orders, { ...reports, ended: 2, running: [] }])
    show.say('done')
    expect(written()).toBe(
      [
        'orders: 12/240 done, 1 failed, 6 running at 40 %, instances 1 (+1 starting)',
        'reports: 1/4 done, 1 running at 50 %, instances 1',
        'reports: 2/4 done, instances 1',
        'done\n',
      ].join('\n'),
    )
  })
})
