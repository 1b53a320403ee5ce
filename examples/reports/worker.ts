/** The worker `reports`. Importing it does nothing but define it; what reads and draws is loaded by the first task. */
import { defineCommand, defineWorker, TaskFailure } from 'taskurai/worker'
import { CHART, reportDelays as contract } from './contracts.ts'

const delays = defineCommand(contract, async (ctx, question) => {
  ctx.log.info('report.reading', question)
  const { reportDelays } = await import('./report-delays.ts')
  const report = await reportDelays({ ...question, watch: { signal: ctx.signal, stage: ctx.progress } })
  if (report === undefined) {
    const detail = `No flight leaves from ${question.airport}`
    throw new TaskFailure(detail, { code: 'no-flights', retryable: false })
  }
  const { hours, airports, ...sums } = report.delays
  const { name, size } = await ctx.files.put(CHART, Buffer.from(report.chart), { public: true })
  ctx.progress(100, 'chart drawn')
  ctx.log.info('report.drawn', { flights: sums.flights, bytes: size })
  const worstHour = hours.reduce((worst, hour) => (hour.lateShare > worst.lateShare ? hour : worst))
  return { ...sums, worstHour, worstAirports: [...airports], chart: name }
})

export default defineWorker({
  name: 'reports',
  commands: [delays],
  // A report computes without a pause, so a second one in the same process would only make both slower.
  concurrency: 1,
  scaling: { min: 0, max: 1, tasksPerInstance: 4 },
  // Short, so that a visitor sees the instances leave again.
  idleSeconds: 5,
})
