/** What `report.delays` does, without the platform around it: from a file of flights to numbers and a chart. */
import { drawDelays } from './chart.ts'
import { createTally, type Delays, type Question } from './delays.ts'
import { flightsPath, readFlights } from './flights.ts'

/** How a run of several stages is watched and stopped. */
export interface Watch {
  readonly signal: AbortSignal
  readonly stage: (percent: number, message: string) => void
}

export interface Report {
  readonly delays: Delays
  /** SVG. */
  readonly chart: string
}

export interface ReportOptions extends Question {
  readonly watch: Watch
  readonly path?: string
}

/** Reading takes nearly all the time. */
const readPercent = 95
const NUMBERS = new Intl.NumberFormat('en-US')

/** Answers undefined where no flight is what was asked for. */
export const reportDelays = async ({ watch, path, ...question }: ReportOptions): Promise<Report | undefined> => {
  const tally = createTally(question)
  let read = 0
  for await (const flights of readFlights(path ?? flightsPath())) {
    watch.signal.throwIfAborted()
    tally.add(flights)
    read += flights.count
    watch.stage(Math.round((read / flights.total) * readPercent), `${NUMBERS.format(read)} flights read`)
  }
  const delays = tally.delays()
  return delays === undefined ? undefined : { delays, chart: drawDelays(delays, question) }
}
